using Fairlead.Engine;
using Fairlead.Storage;
using Microsoft.Extensions.Logging;

namespace Fairlead.Schedules;

/// <summary>
/// Writes the lines about rounds in the order in which they happened. It stands beside the ticker because a line may have to read the
/// targets of a whole cycle, and no round is to wait for that. The node that started a round, or saw its end first, is the one that writes.
/// </summary>
internal sealed partial class RoundHerald(TimeProvider time, IJobStore store, StoreClock clock, ILogger logger) : Loop(time, logger)
{
    private readonly Queue<Func<CancellationToken, ValueTask>> _news = new();
    private readonly Wakeup _bell = new(time);

    public void Started(ScheduleDefinition schedule, DateTimeOffset at) => Say(LogLevel.Information, RoundText.Started(schedule, at));

    public void LeftOut(ScheduleDefinition schedule, DateTimeOffset due) => Say(LogLevel.Warning, RoundText.LeftOut(schedule, due));

    /// <summary>A round has ended, and this is how its schedule stands then.</summary>
    public void Ended(ScheduleRecord schedule, RoundEnd end)
    {
        var now = clock.Now;
        Tell(stop => EndedAsync(schedule, end, now, stop));
    }

    /// <inheritdoc />
    protected override async ValueTask StepAsync(CancellationToken stop)
    {
        while (_news.TryDequeue(out var tell))
        {
            await tell(stop);
        }
        await _bell.WaitAsync(Timeout.InfiniteTimeSpan, stop);
    }

    private void Say(LogLevel level, string line) => Tell(_ =>
    {
        LogRound(Logger, level, line);
        return ValueTask.CompletedTask;
    });

    private void Tell(Func<CancellationToken, ValueTask> tell)
    {
        _news.Enqueue(tell);
        _bell.Ring();
    }

    private async ValueTask EndedAsync(ScheduleRecord schedule, RoundEnd end, DateTimeOffset now, CancellationToken stop)
    {
        var cycle = await CycleAsync(schedule.Definition, end, now, stop);
        LogRound(Logger, end.Job is null or { Status: JobStatus.Completed } ? LogLevel.Information : LogLevel.Warning, RoundText.Ended(schedule.Definition, end, cycle));
        LogRound(Logger, LogLevel.Information, RoundText.Next(schedule.Definition, schedule.State, now));
    }

    private async ValueTask<CycleRecord?> CycleAsync(ScheduleDefinition schedule, RoundEnd end, DateTimeOffset now, CancellationToken stop)
    {
        try
        {
            return schedule.Cycle is not null && end.Job is { } job ? await new CycleReader(store).TargetsAsync(schedule, job, now, stop) : null;
        }
        catch (StoreUnavailableException)
        {
            // The line is written without what only the store knows.
            return null;
        }
    }

    [LoggerMessage(EventId = 80, Message = "{Line}")]
    private static partial void LogRound(ILogger logger, LogLevel level, string line);
}
