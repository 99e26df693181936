using System.Globalization;
using System.Text;

namespace Fairlead.Cli;

/// <summary>Rows for people: aligned under headings on a terminal, one line with tabs for each row otherwise, so that other programs can cut them.</summary>
internal sealed class Table(params string[] headings)
{
    private readonly List<string[]> _rows = [];

    public void Add(params string[] cells) => _rows.Add(Array.ConvertAll(cells, OneLine));

    public void Write(TextWriter output, bool terminal)
    {
        if (!terminal)
        {
            _rows.ForEach(row => output.WriteLine(string.Join('\t', row)));
            return;
        }
        string[][] all = [headings, .. _rows];
        var widths = headings.Select((_, column) => all.Max(row => row[column].Length)).ToArray();
        foreach (var row in all)
        {
            output.WriteLine(string.Join("  ", row.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd());
        }
    }

    /// <summary>A moment for reading.</summary>
    public static string? Time(DateTimeOffset? at) => at?.ToString("yyyy-MM-dd HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    /// <summary>Cut at one line without control characters: what others wrote into a job must not move this terminal's cursor.</summary>
    public static string OneLine(string text)
    {
        var line = new StringBuilder(text.Length);
        foreach (var character in text)
        {
            line.Append(char.IsControl(character) ? ' ' : character);
        }
        var trimmed = line.ToString().Trim();
        return trimmed.Length > 200 ? trimmed[..199] + "…" : trimmed;
    }
}
