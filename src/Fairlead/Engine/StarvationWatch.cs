using Microsoft.Extensions.Logging;

namespace Fairlead.Engine;

/// <summary>
/// Says when work waits for slots and none of this node's has come free for longer than the longest timeout of its queues (60 s where one
/// has none), and which attempts hold them. Once a stall.
/// </summary>
internal sealed partial class StarvationWatch(NodeSettings settings, ServedWork served, Dispatcher dispatcher, AttemptsInHand inHand, StoreClock clock, ILogger logger)
    : MaintenanceLoop(settings.Time, logger, TimeSpan.FromSeconds(5))
{
    private const int MostNamed = 10;
    private static readonly TimeSpan WithoutTimeout = TimeSpan.FromSeconds(60);
    private long? _reported;

    private TimeSpan Patience => served.Declared.Queues.Select(queue => Longest(served.InForce(queue))).Append(TimeSpan.Zero).Max();

    /// <inheritdoc />
    public override ValueTask RunOnceAsync(CancellationToken stop)
    {
        if (dispatcher.StarvedSince is { } since && since != _reported && Time.GetElapsedTime(since) is var stalled && stalled > Patience)
        {
            _reported = since;
            var (count, holders) = (inHand.Count, Holders());
            LogStarved(Logger, stalled.TotalSeconds, count, holders);
            settings.Alerts?.Raise(new Alert(
                AlertKind.Starved, settings.Name, $"Work waits for slots, and none of node {settings.Name} has come free for {stalled.TotalSeconds:0} s; its {count} attempts hold them, the longest: {holders}."));
        }
        return default;
    }

    private static TimeSpan Longest(QueueDefinition queue) => (queue.TimeoutBy?.Times.Values ?? []).Append(queue.Timeout ?? WithoutTimeout).Max();

    private string Holders()
    {
        var now = clock.Now;
        var holders = inHand.Started().OrderBy(static running => running.Attempt.StartedAt).Take(MostNamed).Select(running =>
            $"job {running.Key.Job}{(running.Attempt.Job.Group is { } group ? $" of group {group}" : "")} for {(now - running.Attempt.StartedAt).TotalSeconds:0} s");
        return string.Join(", ", holders);
    }

    [LoggerMessage(50, LogLevel.Warning, "Work waits for slots, and none of this node's has come free for {Seconds:0} s; its {Count} attempts hold them, the longest: {Holders}")]
    private static partial void LogStarved(ILogger logger, double seconds, int count, string holders);
}
