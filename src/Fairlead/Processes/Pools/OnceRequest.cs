using System.Globalization;
using System.Text.Json;
using Fairlead.Storage;

namespace Fairlead.Processes.Pools;

/// <summary>The keys that a process of <c>protocol: stream</c> speaks of: one, or a list of them.</summary>
/// <param name="Word">As the process wrote them, to be named in the answer.</param>
/// <param name="Keys">Them.</param>
/// <param name="Scope">What they belong to.</param>
/// <param name="Keep">How long they are remembered.</param>
internal sealed record OnceRequest(JsonElement Word, IReadOnlyList<string> Keys, string Scope, TimeSpan Keep)
{
    /// <summary>True when it asked for a list: it is answered with one.</summary>
    public bool IsList => Word.ValueKind == JsonValueKind.Array;

    /// <summary>Reads what was said.</summary>
    /// <param name="answer">The line.</param>
    /// <param name="word">The member that has the keys.</param>
    /// <param name="kind">The job's kind: the scope where none is named.</param>
    /// <exception cref="ArgumentException">It says no keys, or no time; the message says what was expected and what came.</exception>
    public static OnceRequest Read(StreamAnswer answer, JsonElement word, string kind) =>
        new(word, KeysOf(word), answer.Scope ?? kind, answer.Keep is { } keep ? TimeOf(keep) : KeyClaim.DefaultKeep);

    private static IReadOnlyList<string> KeysOf(JsonElement word) => word.ValueKind switch
    {
        JsonValueKind.String => [word.GetString()!],
        JsonValueKind.Array when word.EnumerateArray().All(static key => key.ValueKind == JsonValueKind.String) => [.. word.EnumerateArray().Select(static key => key.GetString()!)],
        _ => throw new ArgumentException($"a key is a string, or many are a list of strings; got {word.GetRawText()}"),
    };

    private static TimeSpan TimeOf(JsonElement keep) => keep.ValueKind switch
    {
        JsonValueKind.String when DurationText.TryParse(keep.GetString()!, out var time) => time,
        JsonValueKind.Number when keep.GetDouble() is > 0 and < 3e8 and var seconds => TimeSpan.FromSeconds(seconds),
        _ => throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"\"keep\" is a time such as \"30d\", or a number of seconds; got {keep.GetRawText()}")),
    };
}
