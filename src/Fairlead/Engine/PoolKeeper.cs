using Microsoft.Extensions.Logging;

namespace Fairlead.Engine;

/// <summary>Tends the pools of this node whenever time asks for it.</summary>
internal sealed class PoolKeeper(NodeSettings settings, ServedWork served, ILogger logger) : Loop(settings.Time, logger)
{
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);
    private readonly Wakeup _bell = new(settings.Time);

    /// <summary>A pool has stirred. Called from anywhere.</summary>
    public void LookSoon() => _bell.Ring();

    /// <inheritdoc />
    protected override async ValueTask StepAsync(CancellationToken stop)
    {
        var wait = Longest;
        foreach (var pool in served.PoolsAndLeaving)
        {
            var next = pool.Tend();
            wait = next < wait ? next : wait;
        }
        await _bell.WaitAsync(wait > TimeSpan.Zero ? wait : TimeSpan.FromMilliseconds(1), stop);
    }
}
