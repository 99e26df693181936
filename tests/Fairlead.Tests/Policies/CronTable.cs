using System.Globalization;
using System.Text.RegularExpressions;

namespace Fairlead.Tests.Policies;

/// <summary>The table of <c>docs/schedules.md</c> about clocks that are changed.</summary>
internal static partial class CronTable
{
    /// <summary>Its rows: expression, zone, and the instants of a span from the first to the last, with the offsets that the clock shows.</summary>
    public static IReadOnlyList<CronRow> Rows { get; } = [.. Lines().Select(static line => line.Split('|')).Select(static cells => new CronRow(Bare(cells[1]), Bare(cells[2]), [.. Bare(cells[3]).Split('·').Select(Instant)]))];

    public static DateTimeOffset Instant(string text) => DateTimeOffset.ParseExact(text.Trim(), "yyyy-MM-dd HH:mm:ss zzz".Replace(":ss", text.Count(':') > 2 ? ":ss" : "", StringComparison.Ordinal), CultureInfo.InvariantCulture);

    public static string Text(DateTimeOffset instant, string zone) => TimeZoneInfo.ConvertTime(instant, TimeZoneInfo.FindSystemTimeZoneById(zone)).ToString("yyyy-MM-dd HH:mm:ss zzz", CultureInfo.InvariantCulture);

    private static IEnumerable<string> Lines() => File.ReadLines(Path.Combine(Root(), "docs", "schedules.md")).Where(static line => Row().IsMatch(line));

    private static string Bare(string cell) => cell.Trim().Trim('`');

    private static int Count(this string text, char letter) => Enumerable.Count(text, each => each == letter);

    private static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Fairlead.slnx")))
        {
            folder = folder.Parent!;
        }
        return folder.FullName;
    }

    /// <summary>A row whose third cell begins with an instant.</summary>
    [GeneratedRegex(@"^\|[^|]+\|[^|]+\| *\d{4}-\d\d-\d\d \d\d:\d\d")]
    private static partial Regex Row();
}

/// <summary>One row of it.</summary>
internal sealed record CronRow(string Expression, string Zone, IReadOnlyList<DateTimeOffset> Instants)
{
    public override string ToString() => $"{Expression} in {Zone}, {Instants[0]:yyyy-MM}";
}
