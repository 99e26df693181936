using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace Fairlead.AspNetCore.Requests;

/// <summary>What a client would like (RFC 7240). Preferences that are unknown or make no sense are ignored, as the RFC asks.</summary>
internal static class Preference
{
    /// <summary>The longest wait for a job's end; who asks for more gets this.</summary>
    public static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(5);

    /// <summary><c>Prefer: wait=30</c>, in seconds; null when it was not asked for.</summary>
    public static TimeSpan? Wait(HttpRequest request)
    {
        var preferences = request.Headers["Prefer"].SelectMany(static line => line?.Split([',', ';'], StringSplitOptions.TrimEntries) ?? []);
        var wait = preferences.FirstOrDefault(static preference => preference.StartsWith("wait=", StringComparison.OrdinalIgnoreCase));
        return wait is not null && int.TryParse(wait.AsSpan("wait=".Length), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
            ? TimeSpan.FromSeconds(Math.Min(seconds, LongestWait.TotalSeconds))
            : null;
    }

    /// <summary>Says what was done for the client, if anything was.</summary>
    public static void Applied(HttpResponse response, TimeSpan? wait)
    {
        if (wait is { } applied)
        {
            response.Headers["Preference-Applied"] = string.Create(CultureInfo.InvariantCulture, $"wait={applied.TotalSeconds:0}");
        }
    }
}
