namespace Fairlead.Policies;

/// <summary>How time zones are named, and what is wrong with a name.</summary>
internal static class ZoneText
{
    /// <summary>A zone without a <see cref="Problem" />.</summary>
    public static TimeZoneInfo Find(string name) => TimeZoneInfo.FindSystemTimeZoneById(name);

    /// <summary>What is wrong with the name of a zone, and the way out; null when nothing is.</summary>
    public static string? Problem(string name)
    {
        // Other spellings are found on some systems and not on others; the same name has to be found by every node.
        if (name.Length > 0 && TimeZoneInfo.TryFindSystemTimeZoneById(name, out var zone) && (zone.Id == name || name == "UTC"))
        {
            return null;
        }
        var known = TimeZoneInfo.GetSystemTimeZones();
        return known.Count < 2
            ? $"Expected an IANA time zone; got '{name}', and this machine has no time zone data. Install it (package tzdata), or use UTC."
            : $"Expected an IANA time zone such as Europe/Berlin; got '{name}'{(NearestName.Of(name, known.Select(static zone => zone.Id)) is { } nearest ? $". Did you mean '{nearest}'?" : ".")}";
    }
}
