using System.Text.Json;
using System.Text.Unicode;

namespace Fairlead.Storage;

/// <summary>Payloads as they come from outside, checked before a store sees them.</summary>
internal static class JobPayload
{
    /// <summary>The payload of jobs that were given none.</summary>
    public static ReadOnlyMemory<byte> Null { get; } = "null"u8.ToArray();

    /// <summary>The same JSON on one line, since it is read again where each line is one value; nothing is copied where it is already.</summary>
    /// <exception cref="JsonException">It is not one JSON value in UTF-8; the message says where it ceases to be.</exception>
    public static ReadOnlyMemory<byte> Read(ReadOnlyMemory<byte> utf8)
    {
        if (!Utf8.IsValid(utf8.Span))
        {
            throw new JsonException("Its text is not UTF-8.");
        }
        var reader = new Utf8JsonReader(utf8.Span);
        while (reader.Read())
        {
        }
        // Inside strings JSON has no line breaks, so each one stands between two words and may go.
        return utf8.Span.ContainsAny((byte)'\n', (byte)'\r') ? utf8.ToArray().Where(static letter => letter is not ((byte)'\n' or (byte)'\r')).ToArray() : utf8;
    }
}
