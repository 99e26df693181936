using System.Text;

namespace Fairlead.Cli.Configuration;

/// <summary>
/// Text with what its <c>${…}</c> stand for: <c>${NAME}</c> a variable, <c>${NAME:-default}</c> one that may be missing or empty,
/// <c>${file:/run/secrets/x}</c> a file's content without the newline at its end. <c>$${</c> is <c>${</c> itself.
/// </summary>
/// <param name="Text">With everything put in.</param>
/// <param name="Taken">What came from variables and files: such values are not for messages.</param>
internal sealed record VariableText(string Text, IReadOnlyList<string> Taken)
{
    private const string Opening = "${";
    private const string Default = ":-";
    private const string File = "file:";

    /// <summary>Puts in what a scalar's variables stand for; null when one of them stands for nothing, which is then among the errors.</summary>
    public static VariableText? Of(ScalarNode node, Reading reading)
    {
        if (node.IsLiteral)
        {
            return new VariableText(node.Text, [node.Text]);
        }
        var (text, taken, at, sound) = (new StringBuilder(), new List<string>(), 0, true);
        for (var opening = Next(node.Text, at); opening >= 0; opening = Next(node.Text, at))
        {
            if (opening > at && node.Text[opening - 1] == '$')
            {
                text.Append(node.Text, at, opening - 1 - at).Append(Opening);
                at = opening + Opening.Length;
                continue;
            }
            var closing = node.Text.IndexOf('}', opening);
            if (closing < 0)
            {
                reading.Errors.Add(node.Place, $"{node.Path} has a '${{' without its '}}'. A plain ${{ is written $${{.");
                return null;
            }
            var value = Value(node, node.Text[(opening + Opening.Length)..closing], taken, reading);
            sound &= value is not null;
            text.Append(node.Text, at, opening - at).Append(value);
            at = closing + 1;
        }
        return sound ? new VariableText(text.Append(node.Text, at, node.Text.Length - at).ToString(), taken) : null;
    }

    private static int Next(string text, int from) => text.IndexOf(Opening, from, StringComparison.Ordinal);

    private static string? Value(ScalarNode node, string inside, List<string> taken, Reading reading)
    {
        if (inside.StartsWith(File, StringComparison.Ordinal))
        {
            return FileText(node, inside[File.Length..], taken, reading);
        }
        var parts = inside.Split(Default, 2);
        if (!IsName(parts[0]))
        {
            reading.Errors.Add(node.Place, $"{node.Path} expects ${{NAME}}, ${{NAME:-default}} or ${{file:/path}} where a ${{ stands. A plain ${{ is written $${{.");
            return null;
        }
        var value = reading.Variable(parts[0]);
        if (parts.Length > 1 && value is null or "")
        {
            // What stands in the file is no secret.
            return parts[1];
        }
        if (value is null)
        {
            reading.Errors.Add(node.Place, $"{node.Path} takes the variable {parts[0]}, which is not set. Set it, or write ${{{parts[0]}:-default}}.");
            return null;
        }
        taken.Add(value);
        return value;
    }

    private static string? FileText(ScalarNode node, string path, List<string> taken, Reading reading)
    {
        try
        {
            var text = reading.ReadFile(reading.FullPath(path));
            var value = text.EndsWith('\n') ? text[..^(text.EndsWith("\r\n", StringComparison.Ordinal) ? 2 : 1)] : text;
            taken.Add(value);
            return value;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            reading.Errors.Add(node.Place, $"{node.Path} takes the file '{path}', which cannot be read: {error.Message.TrimEnd('.')}.");
            return null;
        }
    }

    private static bool IsName(string text) =>
        text.Length > 0 && !char.IsAsciiDigit(text[0]) && text.All(static character => char.IsAsciiLetterOrDigit(character) || character == '_');
}
