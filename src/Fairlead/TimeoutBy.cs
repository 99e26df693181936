using Fairlead.Storage;

namespace Fairlead;

/// <summary>
/// How long one attempt may take, by what its payload says: tiers of work, each with its own time. Payloads that say something else, or
/// nothing, have the queue's <see cref="QueueDefinition.Timeout" />. Equal when pointer and times are.
/// </summary>
/// <param name="Pointer">A JSON pointer into the payload (<c>/tier</c>) to a text, a number or a truth value.</param>
/// <param name="Times">The times by that value, written as text: the number 1 and the text "1" are both <c>1</c>. Each more than zero.</param>
public sealed record TimeoutBy(string Pointer, IReadOnlyDictionary<string, TimeSpan> Times)
{
    /// <summary>The time for a payload; null where none of the times is for it.</summary>
    public TimeSpan? Of(ReadOnlyMemory<byte> payload) =>
        JsonPointer.Text(payload, Pointer) is { } value && Times.TryGetValue(value, out var time) ? time : null;

    /// <inheritdoc />
    public bool Equals(TimeoutBy? other) => other is not null && Pointer == other.Pointer && Times.Count == other.Times.Count
        && Times.All(pair => other.Times.TryGetValue(pair.Key, out var time) && time == pair.Value);

    /// <inheritdoc />
    public override int GetHashCode() => HashCode.Combine(Pointer, Times.Count);

    /// <summary>As people write it: <c>/tier 1:30s, 2:60s</c>.</summary>
    public override string ToString() =>
        $"{Pointer} {string.Join(", ", Times.OrderBy(static pair => pair.Key, StringComparer.Ordinal).Select(static pair => $"{pair.Key}:{DurationText.Format(pair.Value)}"))}";

    /// <summary>Every rule that it breaks, in words; empty when it is sound.</summary>
    internal IEnumerable<string> Problems(string owner)
    {
        if (JsonPointer.Problem(Pointer) is { } problem)
        {
            yield return $"{owner}: TimeoutBy {problem}.";
        }
        if (Times.Count == 0)
        {
            yield return $"{owner}: TimeoutBy expects at least one value with its time; got none.";
        }
        foreach (var (value, time) in Times.Where(static pair => pair.Value <= TimeSpan.Zero))
        {
            yield return $"{owner}: TimeoutBy expects more than zero for '{value}'; got {time}.";
        }
    }
}
