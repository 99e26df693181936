using Fairlead.Engine;
using Fairlead.Policies;
using Fairlead.Storage;
using Microsoft.Extensions.Logging;

namespace Fairlead.Schedules;

/// <summary>
/// Starts the rounds of this node's schedules when they are due, and notes their ends. Every node that declares a schedule does: the store lets one of them start
/// each round, so that no node has to be there for it.
/// </summary>
internal sealed partial class ScheduleTicker(TimeProvider time, IJobStore store, StoreClock clock, ServedWork served, ILogger logger) : Loop(time, logger)
{
    /// <summary>How often it looks behind the signals.</summary>
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(5);

    /// <summary>Ends come in crowds: they are looked at once for so long.</summary>
    private static readonly TimeSpan Calm = TimeSpan.FromMilliseconds(20);
    private readonly Wakeup _bell = new(time);

    /// <summary>Something may have changed.</summary>
    public void LookSoon()
    {
        if (served.Declared.Schedules.Count > 0)
        {
            _bell.Ring();
        }
    }

    /// <inheritdoc />
    protected override async ValueTask StepAsync(CancellationToken stop)
    {
        var wake = served.Declared.Schedules.Count == 0 ? null : await LookAsync(stop);
        var wait = wake is { } at && at - clock.Now < Poll ? at - clock.Now : Poll;
        await _bell.WaitAsync(served.Declared.Schedules.Count == 0 ? Timeout.InfiniteTimeSpan : wait, stop);
        if (wait > Calm)
        {
            await DelayAsync(Calm, stop);
        }
    }

    /// <summary>Does what is due, and says when something is due next.</summary>
    private async ValueTask<DateTimeOffset?> LookAsync(CancellationToken stop)
    {
        DateTimeOffset? wake = null;
        var mine = served.Declared.Schedules.ToDictionary(static schedule => schedule.Definition.Name, StringComparer.Ordinal);
        foreach (var record in await store.ListSchedulesAsync(stop))
        {
            if (mine.ContainsKey(record.Definition.Name) && await AdvanceAsync(record, stop) is { } next && (wake is null || next < wake))
            {
                wake = next;
            }
        }
        return wake;
    }

    private async ValueTask<DateTimeOffset?> AdvanceAsync(ScheduleRecord record, CancellationToken stop)
    {
        var definition = record.Definition;
        while (!stop.IsCancellationRequested)
        {
            var (state, ended) = await WithEndsAsync(record, stop);
            var step = ScheduleRules.Next(definition, state, clock.Now);
            if (step is null && ended.Count == 0)
            {
                break;
            }
            var write = new ScheduleWrite { Name = definition.Name, Revision = record.Revision, State = step?.State ?? state, Start = step?.Start };
            var result = await store.WriteScheduleAsync(write, stop);
            record = result.Current;
            if (result.Outcome == ScheduleWriteOutcome.Early)
            {
                break;
            }
            if (result.Outcome == ScheduleWriteOutcome.Written)
            {
                ended.ForEach(end => Tell(record, end));
                await TellAsync(record, step, result, stop);
            }
        }
        return ScheduleRules.WakeAt(definition, record.State);
    }

    private async ValueTask<(ScheduleState State, List<(ScheduleRound Round, Job? Job)> Ended)> WithEndsAsync(ScheduleRecord record, CancellationToken stop)
    {
        var (state, ended) = (record.State, new List<(ScheduleRound, Job?)>());
        foreach (var round in record.State.Open)
        {
            var job = await store.GetJobAsync(round.Job!.Value, stop);
            if (job is null || job.Status.IsEnded())
            {
                state = ScheduleRules.Ended(record.Definition, state, round, job?.EndedAt ?? clock.Now, job?.Status);
                ended.Add((round, job));
            }
        }
        return (state, ended);
    }

    private async ValueTask TellAsync(ScheduleRecord record, ScheduleStep? step, ScheduleWriteResult result, CancellationToken stop)
    {
        foreach (var round in step?.Cancel ?? [])
        {
            await store.CancelAsync(round, stop);
        }
        if (result.Round is { } job)
        {
            LogStarted(Logger, record.Definition.Name, job);
        }
        else if (step is not null && record.State.Past is [{ Job: null } left, ..])
        {
            LogLeftOut(Logger, record.Definition.Name, left.Due);
        }
    }

    private void Tell(ScheduleRecord record, (ScheduleRound Round, Job? Job) end)
    {
        // The line about its end and the next run: written by RoundText.
        _ = (record, end);
    }

    [LoggerMessage(80, LogLevel.Information, "[{Schedule}] started as job {Job}")]
    private static partial void LogStarted(ILogger logger, string schedule, JobId job);

    [LoggerMessage(81, LogLevel.Warning, "[{Schedule}] left out the round of {Due:u}: the one before has not ended")]
    private static partial void LogLeftOut(ILogger logger, string schedule, DateTimeOffset due);
}
