using System.Globalization;
using Fairlead.Policies;
using Fairlead.Storage;
using Microsoft.Extensions.Logging;

namespace Fairlead.Engine;

/// <summary>
/// Tells people of breakers that have opened, once for as long as they stay open. Many groups that are quarantined together are one alert: it
/// is rather one thing that ails them all.
/// </summary>
internal sealed class BreakerWatch(TimeProvider time, IJobStore store, IAlerts alerts, ILogger logger) : MaintenanceLoop(time, logger, TimeSpan.FromSeconds(5))
{
    private const int MostSingly = 3, MostNamed = 10;
    private HashSet<string> _open = [];

    /// <inheritdoc />
    public override async ValueTask RunOnceAsync(CancellationToken stop)
    {
        if (!alerts.Wants(AlertKind.Quarantined))
        {
            _open = [];
            return;
        }
        var open = (await store.ListBreakersAsync(stop)).Where(static breaker => breaker.IsOpen).ToList();
        var opened = open.FindAll(breaker => !_open.Contains(breaker.Key));
        _open = open.Select(static breaker => breaker.Key).ToHashSet(StringComparer.Ordinal);
        foreach (var together in opened.GroupBy(static breaker => breaker.Key.Split('/', 2)[0], StringComparer.Ordinal))
        {
            Tell(together.Key, [.. together]);
        }
    }

    private void Tell(string owner, BreakerInfo[] opened)
    {
        if (opened.Length > MostSingly)
        {
            var names = string.Join(", ", opened.Take(MostNamed).Select(static breaker => breaker.Key)) + (opened.Length > MostNamed ? ", …" : "");
            alerts.Raise(new Alert(AlertKind.Quarantined, owner, $"{opened.Length} of {owner} are quarantined at once: {names}. {Waiting(opened.Sum(static breaker => breaker.Waiting))}"));
            return;
        }
        foreach (var breaker in opened)
        {
            alerts.Raise(new Alert(AlertKind.Quarantined, breaker.Key, $"{breaker.Key} is quarantined {Until(breaker)}, after {breaker.Failures} failures in a row. {Waiting(breaker.Waiting)}"));
        }
    }

    private static string Until(BreakerInfo breaker) => breaker.OpenUntil is { } until && until != BreakerState.Forever
        ? string.Create(CultureInfo.InvariantCulture, $"until {until.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC")
        : "until it is closed by hand";

    private static string Waiting(long jobs) => jobs == 1 ? "1 job waits for it." : $"{jobs} jobs wait for it.";
}
