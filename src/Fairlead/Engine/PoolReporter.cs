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
            if (!served.Pools.Concat(served.Leaving).Any(pool => pool.End(worker)))
            {
                TellSoon();
            }
        }
    }

    /// <inheritdoc />
    protected override async ValueTask StepAsync(CancellationToken stop)
    {
        await _bell.WaitAsync(Longest, stop);
        if (membership.Node is { } node && (_hasPools || served.Pools.Any()))
        {
            var pools = served.Pools.Select(static pool => pool.Report()).OrderBy(static pool => pool.Queue, StringComparer.Ordinal).ToArray();
            _hasPools = pools.Length > 0;
            await store.ReportPoolsAsync(node, pools, CancellationToken.None);
        }
        // What happens right after one report is told together.
        await DelayAsync(Gather, stop);
    }
}
