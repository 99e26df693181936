using Fairlead.Engine;
using Fairlead.Storage;
using Microsoft.Extensions.Logging;

namespace Fairlead.Schedules;

/// <summary>
/// Starts the rounds of this node's schedules when they are due, and notes their ends. Every node that declares a schedule does: the store lets one of them start
/// each round, so that no node has to be there for it. It keeps what it last read: a round that is due costs one write, an idle schedule a read now and then.
/// </summary>
internal sealed class ScheduleTicker(TimeProvider time, IJobStore store, StoreClock clock, ServedWork served, RoundHerald herald, ILogger logger) : Loop(time, logger)
{
    /// <summary>How often it looks behind the signals.</summary>
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(5);

    /// <summary>Signals come in crowds. After a look it is deaf to them for this long, and for four times as long as the look took, within bounds.</summary>
    private static readonly TimeSpan LeastRest = TimeSpan.FromMilliseconds(20), MostRest = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(1);

    /// <summary>So many rounds are started at once: stores put what comes at once into one commit.</summary>
    private const int AtOnce = 64;
    private readonly Wakeup _bell = new(time);
    private readonly Dictionary<string, ScheduleRecord> _known = new(StringComparer.Ordinal);
    private int _heard = (int)StoreSignals.Schedules;
    private int _failures;
    private long _lookedAt = time.GetTimestamp();
    private TimeSpan _rest;

    /// <inheritdoc />
    /// <remarks>A call that failed once is tried again at once, so that its round is still in time; a store that stays away is not beset.</remarks>
    protected override TimeSpan PauseAfterError => TimeSpan.FromMilliseconds(Math.Min(5 << Math.Min(_failures, 6), 250));

    /// <summary>What this node serves has changed.</summary>
    public void LookSoon() => Hear(StoreSignals.Schedules);

    /// <summary>Something may have changed in the store. Called from anywhere.</summary>
    public void Hear(StoreSignals signals)
    {
        var news = (int)(signals & (StoreSignals.Schedules | StoreSignals.Ended));
        // What was heard already wakes nobody again: a crowd of signals is one.
        if ((Interlocked.Or(ref _heard, news) & news) != news)
        {
            _bell.Ring();
        }
    }

    /// <inheritdoc />
    protected override async ValueTask StepAsync(CancellationToken stop)
    {
        var declared = served.Declared.Schedules;
        if (declared.Count == 0)
        {
            await _bell.WaitAsync(Timeout.InfiniteTimeSpan, stop);
            return;
        }
        _failures++;
        await LookAsync(declared, stop);
        await StartDueAsync(stop);
        _failures = 0;
        await _bell.WaitAsync(UntilNext(), stop);
    }

    private TimeSpan SinceLook => Time.GetElapsedTime(_lookedAt);

    private TimeSpan UntilNext()
    {
        var look = (Volatile.Read(ref _heard) == 0 ? Poll : _rest) - SinceLook;
        var due = _known.Values.Min(static record => ScheduleRules.WakeAt(record.Definition, record.State)) is { } at ? at - clock.Now : Poll;
        var wait = due < look ? due : look;
        return wait > Tick ? wait : Tick;
    }

    /// <summary>Follows what was heard, and looks behind it now and then.</summary>
    private async ValueTask LookAsync(IReadOnlyList<ScheduledWork> declared, CancellationToken stop)
    {
        var poll = SinceLook >= Poll;
        if (!poll && (_heard == 0 || SinceLook < _rest))
        {
            return;
        }
        var heard = (StoreSignals)Interlocked.Exchange(ref _heard, 0);
        var asked = Time.GetTimestamp();
        try
        {
            if (poll || heard.HasFlag(StoreSignals.Schedules))
            {
                await ReadAsync(declared, stop);
            }
            await NoteEndsAsync(poll, stop);
        }
        catch
        {
            Hear(StoreSignals.Schedules);
            throw;
        }
        _lookedAt = Time.GetTimestamp();
        var rest = Time.GetElapsedTime(asked) * 4;
        _rest = rest < LeastRest ? LeastRest : rest > MostRest ? MostRest : rest;
    }

    private async ValueTask ReadAsync(IReadOnlyList<ScheduledWork> declared, CancellationToken stop)
    {
        var mine = declared.Select(static schedule => schedule.Definition.Name).ToHashSet(StringComparer.Ordinal);
        var records = await store.ListSchedulesAsync(stop);
        _known.Clear();
        foreach (var record in records.Where(record => mine.Contains(record.Definition.Name)))
        {
            _known.Add(record.Definition.Name, record);
        }
    }

    private async ValueTask NoteEndsAsync(bool poll, CancellationToken stop)
    {
        foreach (var record in _known.Values.Where(static record => record.State.Open.Count > 0).ToList())
        {
            await AdvanceAsync(record, lookAtEnds: true, stop);
            if (poll)
            {
                await CancelReplacedAsync(_known[record.Definition.Name], stop);
            }
        }
    }

    /// <summary>Whoever wrote that a round is replaced may have died before it was cancelled.</summary>
    private async ValueTask CancelReplacedAsync(ScheduleRecord record, CancellationToken stop)
    {
        if (record.Definition.Overlap == ScheduleOverlap.Replace && record.State.Waiting.Count > 0)
        {
            foreach (var round in record.State.Open)
            {
                await store.CancelAsync(round.Job!.Value, stop);
            }
        }
    }

    private async ValueTask StartDueAsync(CancellationToken stop)
    {
        var now = clock.Now;
        var due = _known.Values.Where(record => ScheduleRules.Next(record.Definition, record.State, now) is not null)
            .OrderBy(static record => ScheduleRules.WakeAt(record.Definition, record.State));
        foreach (var together in due.ToList().Chunk(AtOnce))
        {
            await Task.WhenAll(together.Select(record => AdvanceAsync(record, lookAtEnds: false, stop)));
        }
    }

    /// <summary>Does what a schedule has to do now, step by step, and keeps how it stands then.</summary>
    private async Task AdvanceAsync(ScheduleRecord record, bool lookAtEnds, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            var (state, ends) = lookAtEnds || IsHeldUp(record) ? await RoundEnds.LookAsync(store, record, clock.Now, stop) : (record.State, []);
            var step = ScheduleRules.Next(record.Definition, state, clock.Now);
            if (step is null && ends.Count == 0)
            {
                return;
            }
            var asked = clock.Ask();
            var write = new ScheduleWrite { Name = record.Definition.Name, Revision = record.Revision, State = step?.State ?? state, Start = step?.Start };
            var answer = await store.WriteScheduleAsync(write, stop);
            clock.Set(answer.Now, asked);
            _known[record.Definition.Name] = record = answer.Current;
            if (answer.Outcome == ScheduleWriteOutcome.Early)
            {
                return;
            }
            if (answer.Outcome == ScheduleWriteOutcome.Written)
            {
                lookAtEnds = false;
                Tell(state, ends, answer);
                await CancelAsync(step?.Cancel ?? [], stop);
            }
        }
    }

    /// <summary>A round is due, and what it would have to wait for may have ended.</summary>
    private bool IsHeldUp(ScheduleRecord record) => record.Definition.Overlap != ScheduleOverlap.Allow && record.State.Open.Count > 0
        && ScheduleRules.Next(record.Definition, record.State, clock.Now) is not null;

    private async ValueTask CancelAsync(IReadOnlyList<JobId> replaced, CancellationToken stop)
    {
        foreach (var round in replaced)
        {
            await store.CancelAsync(round, stop);
        }
    }

    private void Tell(ScheduleState before, IReadOnlyList<RoundEnd> ends, ScheduleWriteResult answer)
    {
        var schedule = answer.Current;
        foreach (var end in ends)
        {
            herald.Ended(schedule, end);
        }
        if (answer.Round is not null)
        {
            herald.Started(schedule.Definition, answer.Now);
        }
        else if (schedule.State.Skipped > before.Skipped)
        {
            herald.LeftOut(schedule.Definition, schedule.State.Past[0].Due);
        }
    }
}
