using Fairlead.Storage;
using Microsoft.Extensions.Logging;

namespace Fairlead.Engine;

/// <summary>Tells the store what this node's pools do, soon after something has changed, and ends the workers that operators want ended.</summary>
internal sealed class PoolReporter(NodeSettings settings, IJobStore store, Membership membership, ServedWork served, ILogger logger) : Loop(settings.Time, logger)
{
    private static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(10);
    private readonly Wakeup _bell = new(settings.Time);
    private bool _hasPools;

    /// <summary>A pool has stirred. Called from anywhere.</summary>
    public void TellSoon() => _bell.Ring();

    /// <summary>Somebody asked for these workers to be ended; those that are gone already are reported as gone.</summary>
    public void End(IReadOnlyList<string> workers)
    {
        foreach (var worker in workers)
        {
            if (!served.PoolsAndLeaving.Any(pool => pool.End(worker)))
            {
                TellSoon();
            }
        }
    }

    /// <inheritdoc />
    protected override async ValueTask StepAsync(CancellationToken stop)
    {
        await _bell.WaitAsync(Longest, stop);
        if (membership.Node is { } node && (_hasPools || served.PoolsAndLeaving.Any()))
        {
            var pools = served.PoolsAndLeaving.Select(static pool => pool.Report()).GroupBy(static pool => pool.Queue, StringComparer.Ordinal)
                .Select(Together).OrderBy(static pool => pool.Queue, StringComparer.Ordinal).ToArray();
            _hasPools = pools.Length > 0;
            await store.ReportPoolsAsync(node, pools, CancellationToken.None);
        }
        // What happens right after one report is told together.
        await DelayAsync(Gather, stop);
    }

    /// <summary>After a reload a queue may have two: the one that it has, which comes last, and the one whose processes are about to go.</summary>
    private static PoolReport Together(IEnumerable<PoolReport> pools) => pools.Last() with { Workers = [.. pools.SelectMany(static pool => pool.Workers)] };
}
