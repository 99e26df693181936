using System.Text.Json;
using Fairlead.Storage;

namespace Fairlead.Schedules.Targets;

/// <summary>Targets as text: one JSON value a line, or one JSON array of them. Blank lines say nothing.</summary>
internal static class TargetText
{
    /// <summary>How much may be read: 64 MiB.</summary>
    public const int MostBytes = 64 * 1024 * 1024;

    /// <summary>Reads all of them.</summary>
    /// <param name="utf8">The text.</param>
    /// <param name="from">Where it came from, for messages: <c>accounts.jsonl</c>.</param>
    /// <exception cref="TargetsUnreadableException">A line is no JSON; says which.</exception>
    public static IReadOnlyList<ReadOnlyMemory<byte>> Read(ReadOnlyMemory<byte> utf8, string from)
    {
        var text = utf8.Span.StartsWith("\uFEFF"u8) ? utf8[3..] : utf8;
        return text.Span.TrimStart(" \t\r\n"u8) is [(byte)'[', ..] ? Array(text, from) : Lines(text, from);
    }

    /// <summary>Refuses more than <see cref="MostBytes" />.</summary>
    /// <exception cref="TargetsUnreadableException">It is more.</exception>
    public static TargetsUnreadableException TooLarge(string from) =>
        new($"{from}: targets expect at most 64 MiB; there is more. Name what is large in the target, and let the worker fetch it.");

    private static List<ReadOnlyMemory<byte>> Array(ReadOnlyMemory<byte> text, string from)
    {
        try
        {
            var targets = new List<ReadOnlyMemory<byte>>();
            var reader = new Utf8JsonReader(text.Span);
            reader.Read();
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                var start = (int)reader.TokenStartIndex;
                reader.Skip();
                targets.Add(JobPayload.Read(text[start..(int)reader.BytesConsumed]));
            }
            return reader.Read() ? throw new JsonException("Nothing is expected after the array.") : targets;
        }
        catch (JsonException error)
        {
            throw Unreadable(from, (error.LineNumber ?? 0) + 1, "a JSON array of targets", error);
        }
    }

    private static List<ReadOnlyMemory<byte>> Lines(ReadOnlyMemory<byte> text, string from)
    {
        var targets = new List<ReadOnlyMemory<byte>>();
        for (var number = 1; !text.IsEmpty; number++)
        {
            var end = text.Span.IndexOf((byte)'\n');
            var line = end < 0 ? text : text[..end];
            text = end < 0 ? default : text[(end + 1)..];
            if (!line.Span.Trim(" \t\r"u8).IsEmpty)
            {
                targets.Add(Line(line, from, number));
            }
        }
        return targets;
    }

    private static ReadOnlyMemory<byte> Line(ReadOnlyMemory<byte> line, string from, int number)
    {
        try
        {
            return JobPayload.Read(line.Trim(" \t\r"u8));
        }
        catch (JsonException error)
        {
            throw Unreadable(from, number, "one JSON value a line, or one JSON array; a text in quotes", error);
        }
    }

    private static TargetsUnreadableException Unreadable(string from, long line, string expected, JsonException error) =>
        new($"{from}:{line}: expected {expected}. {error.Message}", error);
}
