using Fairlead.Diagnostics;
using Fairlead.Storage;

namespace Fairlead.PostgreSql;

/// <summary>A running job as the end of its attempt needs it. In <see cref="Place" />, <see cref="PostgreSql.Place.Attempt" /> is the attempt's number.</summary>
internal struct RunningJob
{
    public Place Place;

    /// <summary>Whose it is: that of the store (0) once it is a parent.</summary>
    public long Node;

    /// <summary>The node that is recorded as the one that ran it.</summary>
    public long RanOn;
    public long ReadyAt;
    public long ClaimedAt;
    public bool Cancelling;

    /// <summary>The group that was charged for it; 0 for none.</summary>
    public long Group;

    /// <summary>Seconds charged so far; negative for none.</summary>
    public double Charged;

    /// <summary>From <paramref name="first" />: attempt, fence, lost, ready at, claimed at, cancel, queue, batch, flags, group, charged.</summary>
    public static RunningJob Read(Statement row, int first, long node, long job) => new()
    {
        Node = node,
        RanOn = node,
        ReadyAt = row.Long(first + 3),
        ClaimedAt = row.Long(first + 4),
        Cancelling = row.Long(first + 5) != 0,
        Group = row.Long(first + 9),
        Charged = row.MaybeDouble(first + 10) ?? -1,
        Place = new()
        {
            Job = job, Attempt = row.Long(first), Fence = row.Long(first + 1), Lost = row.Long(first + 2),
            Queue = row.Long(first + 6), Batch = row.Long(first + 7), Flags = (JobFlags)row.Long(first + 8),
        },
    };
}

/// <summary>How an attempt ended, for the record.</summary>
internal readonly record struct AttemptEnd
{
    public required long Outcome { get; init; }

    public required long StartedAt { get; init; }

    public required long EndedAt { get; init; }

    public required bool CostsAttempt { get; init; }

    /// <summary>Its code goes on: it keeps its group's place and its permits.</summary>
    public bool Abandoned { get; init; }

    /// <summary>What its group's breaker makes of it.</summary>
    public bool? Verdict { get; init; }

    public string? Error { get; init; }

    public ReadOnlyMemory<byte> Result { get; init; }

    public static AttemptEnd Of(JobTransition transition) => new()
    {
        Outcome = Session.Recorded(transition), StartedAt = Moment.Of(transition.StartedAt), EndedAt = Moment.Of(transition.EndedAt),
        CostsAttempt = transition.CostsAttempt, Abandoned = transition.Abandoned, Verdict = transition.BreakerVerdict, Error = transition.Error, Result = transition.Result,
    };
}

/// <summary>The ways out of running.</summary>
internal sealed partial class Session
{
    /// <summary>Ends an attempt and sends its job where the settlement says.</summary>
    public void EndAttempt(in RunningJob job, in AttemptEnd end, in Settlement settlement)
    {
        FreeSlot(job.Place.Queue);
        SettleGroup(job, end);
        ReleaseHeldBy(job, end);
        statements.Gone("remove_running").Add(job.Node).Add(job.Place.Job).End();
        Count(job.Place.Queue, job.Place.Batch, JobStatus.Processing, -1);
        var place = job.Place;
        place.Attempt -= end.CostsAttempt ? 0 : 1;
        if (settlement.Status.IsEnded())
        {
            AddEnded(job, place.Attempt, end, settlement);
            LeavePlace(place);
            Ended(place, settlement.Status, end.Outcome == (long)AttemptOutcome.TimedOut);
            return;
        }
        AddAttempt(job, end);
        ReadPlace(ref place);
        place.Since = Now;
        if (settlement.Status == JobStatus.Queued)
        {
            MakeReady(place, keepsPlace: true);
        }
        else
        {
            LeavePlace(place);
            MakeScheduled(place, Moment.Of(settlement.DueAt!.Value), settlement.WaitsFor);
        }
    }

    /// <summary>The store takes a job from its node; what that node says about this attempt later is stale.</summary>
    public void TakeBack(in RunningJob job, AttemptOutcome outcome, in Settlement settlement)
    {
        var end = new AttemptEnd
        {
            Outcome = (long)outcome | TakenAway, StartedAt = job.ClaimedAt, EndedAt = Now, CostsAttempt = false, Error = settlement.Error,
        };
        EndAttempt(job, end, settlement);
    }

    /// <summary>All a node holds.</summary>
    public List<RunningJob> RunningOn(long node)
    {
        var running = new List<RunningJob>();
        var row = statements["running_on"].Add(node);
        while (row.Step())
        {
            running.Add(RunningJob.Read(row, 1, node, row.Long(0)));
        }
        return running;
    }

    /// <summary>What becomes of a job that is given back unfinished, at no cost.</summary>
    public static Settlement GivenBack(in RunningJob job) => job.Cancelling
        ? new(JobStatus.Cancelled, null, default, "Cancelled while it ran.")
        : new(JobStatus.Queued, null, default, "Its node gave it back.");

    /// <summary>The code of an abandoned attempt has ended: its job's key is free, if the job has ended too.</summary>
    public void ReleaseAbandoned(long job, long fence, long node)
    {
        var row = statements["remove_abandoned"].Add(job).Add(fence).Add(node);
        if (!row.Step())
        {
            return;
        }
        var group = row.Long(0);
        if (group != 0)
        {
            LeaveFlight(Group(group), held: statements["held_by_attempt"].Add(node).Add(job).Add(fence).Any());
        }
        ReleaseHeld(statements["held_by_attempt"].Add(node).Add(job).Add(fence));
        if (JobFinder.Find(statements, job) is { } found && found.Status.IsEnded() && found.Place.Flags.HasFlag(JobFlags.Unique))
        {
            statements.Gone("release_key").Add(job).Add(found.Place.Queue).End();
            ForgetForeseen();
        }
    }

    /// <summary>When a job must have ended.</summary>
    public DateTimeOffset DeadlineOf(long job) => JobRowOf(job).Deadline;

    // Whoever was kept out by max_concurrent may look again. Asked once per operation: what it frees later changes nothing.
    private void FreeSlot(long queue)
    {
        var known = Facts(queue);
        if (known is { MaxConcurrent: { } max, RoomAsked: false })
        {
            known.RoomAsked = true;
            Signal(Processing(queue) >= max ? StoreSignals.Work : StoreSignals.None);
        }
    }

    private void ReadPlace(ref Place place)
    {
        var row = JobRowOf(place.Job);
        (place.Kind, place.Priority, place.Flags, place.Group) = (row.Kind, row.Place.Priority, row.Place.Flags, row.Group);
    }

    private void AddAttempt(in RunningJob job, in AttemptEnd end) =>
        statements.Later("add_attempt").Add(job.Place.Job).Add(job.Place.Fence).Add(job.Place.Attempt).Add(job.RanOn).Add(job.ReadyAt).Add(job.ClaimedAt)
            .Add(end.StartedAt).Add(end.EndedAt).Add(end.Outcome).Add(end.Error).End();

    private void AddEnded(in RunningJob job, long spent, in AttemptEnd end, in Settlement settlement) =>
        statements.Later("add_ended").Add(job.Place.Job).Add((long)settlement.Status).Add(spent).Add(job.Place.Lost).Add(Now)
            .Add(end.Outcome).Add(job.Place.Attempt).Add(job.Place.Fence).Add(job.RanOn).Add(job.ReadyAt).Add(job.ClaimedAt)
            .Add(end.StartedAt).Add(end.EndedAt).Add(settlement.Error).Add(end.Result.Span).End();
}
