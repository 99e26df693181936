using Fairlead.Storage;

namespace Fairlead.Schedules;

/// <summary>What operators do with schedules: look, trigger, pause, resume. Each is the compare-and-set that nodes use themselves, so none of it is lost or done twice.</summary>
/// <param name="store">The open store.</param>
internal sealed class ScheduleDesk(IJobStore store)
{
    /// <summary>No schedule has it: a write with it changes nothing, and its answer is the schedule with the store's time.</summary>
    private const long NoRevision = -1;

    /// <summary>All schedules by name.</summary>
    public ValueTask<IReadOnlyList<ScheduleRecord>> ListAsync(CancellationToken cancellationToken = default) => store.ListSchedulesAsync(cancellationToken);

    /// <summary>One schedule, and the store's time.</summary>
    /// <exception cref="KeyNotFoundException">There is none of that name; the message names the nearest.</exception>
    public async ValueTask<(ScheduleRecord Schedule, DateTimeOffset Now)> FindAsync(string name, CancellationToken cancellationToken = default)
    {
        var known = await store.ListSchedulesAsync(cancellationToken);
        var record = known.FirstOrDefault(schedule => schedule.Definition.Name == name) ?? throw new KeyNotFoundException(NearestName.Unknown(
            "schedule", name, known.Select(static schedule => schedule.Definition.Name), "A schedule is there once a node that declares it has run."));
        var answer = await store.WriteScheduleAsync(new ScheduleWrite { Name = name, Revision = NoRevision, State = record.State }, cancellationToken);
        return (answer.Current, answer.Now);
    }

    /// <summary>Starts a round now, paused or not; where the one before still runs, its overlap decides.</summary>
    /// <exception cref="KeyNotFoundException">There is no such schedule; the message names the nearest.</exception>
    public async ValueTask<TriggerResult> TriggerAsync(string name, CancellationToken cancellationToken = default)
    {
        var (record, now) = await FindAsync(name, cancellationToken);
        while (true)
        {
            var (state, _) = await RoundEnds.LookAsync(store, record, now, cancellationToken);
            if (ScheduleRules.Triggered(record.Definition, state, now) is not { } step)
            {
                return Refused(record with { State = state });
            }
            var answer = await store.WriteScheduleAsync(Write(record, step.State) with { Start = step.Start }, cancellationToken);
            (record, now) = (answer.Current, answer.Now);
            if (answer.Outcome == ScheduleWriteOutcome.Written)
            {
                foreach (var replaced in step.Cancel)
                {
                    await store.CancelAsync(replaced, cancellationToken);
                }
                return answer.Round is { } round ? new TriggerResult(record, round, null) : step.Start is null ? Waiting(record) : Refused(record);
            }
        }
    }

    /// <summary>No round is started by time until it is resumed.</summary>
    /// <exception cref="KeyNotFoundException">There is no such schedule; the message names the nearest.</exception>
    public ValueTask<ScheduleRecord> PauseAsync(string name, CancellationToken cancellationToken = default) =>
        ChangeAsync(name, static (record, _) => ScheduleRules.Pause(record.State), cancellationToken);

    /// <summary>Rounds are started by time again; times that passed meanwhile are not made up for.</summary>
    /// <exception cref="KeyNotFoundException">There is no such schedule; the message names the nearest.</exception>
    public ValueTask<ScheduleRecord> ResumeAsync(string name, CancellationToken cancellationToken = default) =>
        ChangeAsync(name, static (record, now) => ScheduleRules.Resume(record.Definition, record.State, now), cancellationToken);

    private async ValueTask<ScheduleRecord> ChangeAsync(string name, Func<ScheduleRecord, DateTimeOffset, ScheduleState> change, CancellationToken cancellationToken)
    {
        var (record, now) = await FindAsync(name, cancellationToken);
        while (true)
        {
            var answer = await store.WriteScheduleAsync(Write(record, change(record, now)), cancellationToken);
            (record, now) = (answer.Current, answer.Now);
            if (answer.Outcome == ScheduleWriteOutcome.Written)
            {
                return record;
            }
        }
    }

    private static ScheduleWrite Write(ScheduleRecord record, ScheduleState state) => new() { Name = record.Definition.Name, Revision = record.Revision, State = state };

    private static TriggerResult Waiting(ScheduleRecord record) => new(record, null, record.State.Open.FirstOrDefault()?.Job);

    private static TriggerResult Refused(ScheduleRecord record)
    {
        var running = record.State.Open.FirstOrDefault()?.Job;
        var (because, wayOut) = record.Definition.Overlap == ScheduleOverlap.Skip
            ? ("overlap: skip leaves out what comes meanwhile", "say overlap: queue, replace or allow")
            : ("while it is paused nothing that waits is started", "resume it first");
        return new(record, null, running) { Refused = $"Schedule '{record.Definition.Name}' was not triggered: its round {running} still runs, and {because}. Wait for it, cancel it, or {wayOut}." };
    }
}

/// <summary>What became of a trigger.</summary>
/// <param name="Schedule">The schedule as it stands now; where it is not served, nobody runs the round yet.</param>
/// <param name="Round">The round's job; null when it was not started (yet).</param>
/// <param name="Running">The round it waits for or that kept it from being started; null when it was started.</param>
internal sealed record TriggerResult(ScheduleRecord Schedule, JobId? Round, JobId? Running)
{
    /// <summary>Why it was not started and will not be, and the way out; null when it was, or will be.</summary>
    public string? Refused { get; init; }

    /// <summary>It is started when the round before has ended.</summary>
    public bool Waits => Round is null && Refused is null;
}
