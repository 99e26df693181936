using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Fairlead.Cli.Runs;

/// <summary>One input line as a payload: a JSON string.</summary>
internal static class RunLine
{
    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    /// <summary>The payload of a line of valid UTF-8.</summary>
    public static byte[] ToPayload(ReadOnlySpan<byte> line)
    {
        if (NeedsNoEscape(line))
        {
            var quoted = new byte[line.Length + 2];
            quoted[0] = quoted[^1] = (byte)'"';
            line.CopyTo(quoted.AsSpan(1));
            return quoted;
        }
        var buffer = new System.Buffers.ArrayBufferWriter<byte>(line.Length + 16);
        using (var writer = new Utf8JsonWriter(buffer, Plain))
        {
            writer.WriteStringValue(line);
        }
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>The line of a payload.</summary>
    public static string Read(ReadOnlyMemory<byte> payload) => TryRead(payload) ?? Encoding.UTF8.GetString(payload.Span);

    /// <summary>The text of a JSON string; null when it is other JSON.</summary>
    public static string? TryRead(ReadOnlyMemory<byte> json)
    {
        try
        {
            var reader = new Utf8JsonReader(json.Span);
            return reader.Read() && reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private static bool NeedsNoEscape(ReadOnlySpan<byte> line) => !line.ContainsAnyInRange((byte)0, (byte)0x1f) && line.IndexOfAny((byte)'"', (byte)'\\', (byte)0x7f) < 0;
}
