using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Fairlead;

/// <summary>Names one job or batch inside one store. Ids grow in the order of enqueueing and are never used again.</summary>
/// <param name="Value">The number itself; 1 or more for a stored job, 0 for none.</param>
public readonly record struct JobId(long Value) : IComparable<JobId>, ISpanParsable<JobId>
{
    /// <inheritdoc />
    public int CompareTo(JobId other) => Value.CompareTo(other.Value);

    /// <summary>The number in invariant digits, as it is written in commands, JSON and the environment of a worker.</summary>
    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);

    /// <summary>Reads what <see cref="ToString" /> wrote.</summary>
    /// <exception cref="FormatException">The text is not a whole number of 1 or more.</exception>
    public static JobId Parse(string s, IFormatProvider? provider = null) => Parse(s.AsSpan(), provider);

    /// <inheritdoc cref="Parse(string, IFormatProvider?)" />
    public static JobId Parse(ReadOnlySpan<char> s, IFormatProvider? provider = null) =>
        TryParse(s, provider, out var id) ? id : throw new FormatException($"Expected a job id, a whole number such as 42; got '{s}'.");

    /// <summary>Reads what <see cref="ToString" /> wrote; false when it is not an id.</summary>
    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out JobId result) =>
        TryParse(s.AsSpan(), provider, out result);

    /// <inheritdoc cref="TryParse(string?, IFormatProvider?, out JobId)" />
    public static bool TryParse(ReadOnlySpan<char> s, IFormatProvider? provider, out JobId result)
    {
        var parsed = long.TryParse(s, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value > 0;
        result = parsed ? new JobId(value) : default;
        return parsed;
    }
}
