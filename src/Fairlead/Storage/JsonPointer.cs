using System.Globalization;
using System.Text.Json;

namespace Fairlead.Storage;

/// <summary>Finds a value in a payload by a JSON pointer (RFC 6901).</summary>
internal static class JsonPointer
{
    /// <summary>A text, number or truth value as text; null when there is none there, or the payload is no JSON.</summary>
    public static string? Text(ReadOnlyMemory<byte> json, string pointer) => Find(json, pointer, static value => value.ValueKind switch
    {
        JsonValueKind.String => TextOf(value) is { Length: > 0 } text ? text : null,
        JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => value.GetRawText(),
        _ => null,
    });

    /// <summary>A whole number of 1 or more; null when there is none there. A fraction is rounded up: a cost is never too small.</summary>
    public static long? Cost(ReadOnlyMemory<byte> json, string pointer) => Find<long?>(json, pointer, static value =>
        value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && number is > 0 and < 1e15 ? (long)Math.Ceiling(number) : null);

    /// <summary>A list of texts; null when there is none there, or something else is in it.</summary>
    public static IReadOnlyList<string>? Texts(ReadOnlyMemory<byte> json, string pointer) => Find(json, pointer, static value =>
        value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(static one => one.ValueKind == JsonValueKind.String)
            ? value.EnumerateArray().Select(TextOf).ToList() : null);

    /// <summary>What is wrong with a pointer; null when it is one.</summary>
    public static string? Problem(string pointer) => pointer.StartsWith('/') ? null : $"expects a JSON pointer into the payload, such as /account; got '{pointer}'";

    // Half a surrogate pair is no text to .NET's reader: such a value stands for itself as it is written, escapes and all.
    private static string TextOf(JsonElement value)
    {
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            return value.GetRawText()[1..^1];
        }
    }

    private static T? Find<T>(ReadOnlyMemory<byte> json, string pointer, Func<JsonElement, T?> read)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            var at = document.RootElement;
            foreach (var step in pointer.Split('/').Skip(1))
            {
                var name = step.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);
                if (at.ValueKind == JsonValueKind.Object && at.TryGetProperty(name, out var member))
                {
                    at = member;
                }
                else if (at.ValueKind == JsonValueKind.Array && int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var index) && index < at.GetArrayLength())
                {
                    at = at[index];
                }
                else
                {
                    return default;
                }
            }
            return read(at);
        }
        catch (JsonException)
        {
            return default;
        }
    }
}
