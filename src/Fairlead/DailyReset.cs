using System.Globalization;
using System.Text.Json.Serialization;

namespace Fairlead;

/// <summary>The time of day, somewhere, at which a quota is whole again: <c>00:00 America/Los_Angeles</c>.</summary>
/// <param name="At">The local time. Where the clocks jump over it, the reset comes when they have jumped; where it comes twice, at the first.</param>
/// <param name="TimeZone">The IANA name of the time zone; <c>UTC</c> for none.</param>
[System.ComponentModel.TypeConverter(typeof(DailyResetConverter))]
public sealed record DailyReset(TimeOnly At, string TimeZone = "UTC")
{
    /// <summary>Whether this machine knows the time zone.</summary>
    [JsonIgnore]
    public bool IsKnown => TimeZoneInfo.TryFindSystemTimeZoneById(TimeZone, out _);

    /// <summary>Reads <c>00:00 America/Los_Angeles</c> or <c>06:30</c> (UTC).</summary>
    /// <exception cref="FormatException">It is none; the message says what was expected.</exception>
    public static DailyReset Parse(string text)
    {
        var parts = text.Split(' ', 2, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return parts.Length > 0 && TimeOnly.TryParseExact(parts[0], "HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out var at)
            ? new(at, parts.Length > 1 ? parts[1] : "UTC")
            : throw new FormatException($"Expected a time of day and a time zone, such as 00:00 America/Los_Angeles; got '{text}'.");
    }

    /// <summary>The last reset at or before <paramref name="now" />, and the first one after it.</summary>
    /// <exception cref="TimeZoneNotFoundException">This machine does not know the time zone.</exception>
    public (DateTimeOffset Last, DateTimeOffset Next) Around(DateTimeOffset now)
    {
        var zone = TimeZoneInfo.FindSystemTimeZoneById(TimeZone);
        var today = DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(now, zone).DateTime);
        var last = On(today, zone);
        return last <= now ? (last, On(today.AddDays(1), zone)) : (On(today.AddDays(-1), zone), last);
    }

    /// <summary>As people write it.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{At:HH\\:mm} {TimeZone}");

    private DateTimeOffset On(DateOnly day, TimeZoneInfo zone)
    {
        var local = day.ToDateTime(At);
        while (zone.IsInvalidTime(local))
        {
            local = local.AddMinutes(1);
        }
        var offset = zone.IsAmbiguousTime(local) ? zone.GetAmbiguousTimeOffsets(local).Max() : zone.GetUtcOffset(local);
        return new(local, offset);
    }
}
