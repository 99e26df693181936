using System.Runtime.InteropServices;
using System.Text.Json;
using Fairlead.Storage;

namespace Fairlead.PostgreSql;

/// <summary>What the end of a job brings with it: its key is free, jobs that waited for it go on or are cancelled, its batch may end.</summary>
internal sealed partial class Session
{
    /// <summary>Set in a recorded outcome when the store took the job away: what the node says about that attempt later is stale.</summary>
    public const long TakenAway = 16;

    /// <summary>Set in a recorded outcome when the attempt left the rest to children: only the same end said again is known.</summary>
    public const long Branched = 32;

    /// <summary>The outcome itself.</summary>
    public const long OutcomeMask = 15;

    private readonly Queue<(long Job, JobStatus Status)> ends = new();
    private readonly HashSet<long> batches = [];
    private readonly Dictionary<long, BatchEnd> batchEnds = [];
    private bool? anyDependency;

    /// <summary>Takes what <c>any_dependency</c> answered in this operation.</summary>
    public void LearnDependency(Statement row) => anyDependency ??= row.Any();

    /// <summary>A job waits for another from now on.</summary>
    public void AddDependency(long onJob, long job)
    {
        statements.Later("add_dependencies").Add(onJob).Add(job).End();
        anyDependency = true;
    }

    /// <summary>Ends a job that waited; it was taken out of its table and counted out before.</summary>
    public void EndWaiting(in Place place, JobStatus status, string error)
    {
        var outcome = place.Fence == 0 ? null : statements["last_outcome"].Add(place.Job).Number() & OutcomeMask;
        statements.Later("add_ended_waiting").Add(place.Job).Add((long)status).Add(place.Attempt).Add(place.Lost).Add(Now).Add(place.Fence).Add(error)
            .Add(outcome).End();
        Ended(place, status, outcome == (long)AttemptOutcome.TimedOut);
    }

    /// <summary>Counts an ended job and remembers what hangs on it.</summary>
    public void Ended(in Place place, JobStatus status, bool timedOut)
    {
        Count(place.Queue, place.Batch, status, 1, timedOut && status == JobStatus.Failed);
        ForgetForeseen();
        Cancelled += status == JobStatus.Cancelled ? 1 : 0;
        Signal(StoreSignals.Ended);
        if (place.Flags.HasFlag(JobFlags.Unique))
        {
            statements.Gone("release_key").Add(place.Job).Add(place.Queue).End();
        }
        if (place.Batch != 0)
        {
            batches.Add(place.Batch);
        }
        if (anyDependency ??= statements["any_dependency"].Any())
        {
            ends.Enqueue((place.Job, status));
        }
    }

    // A loop, not a recursion: a chain of ten thousand blocked jobs ends in one transaction. Each round asks for all that ended in the last one.
    public void SettleEnds()
    {
        while (ends.Count > 0 || batches.Count > 0)
        {
            while (ends.Count > 0)
            {
                (long Job, JobStatus Status)[] ended = [.. ends];
                ends.Clear();
                SettleDependents(ended);
            }
            long[] touched = [.. batches];
            batches.Clear();
            EndBatches(touched);
        }
    }

    private void ForgetEnds()
    {
        ends.Clear();
        batches.Clear();
        anyDependency = null;
        Cancelled = 0;
    }

    private void SettleDependents((long Job, JobStatus Status)[] ended)
    {
        var row = statements["dependents"].Add(Array.ConvertAll(ended, static end => end.Job));
        var dependents = new Dictionary<long, List<long>>();
        while (row.Step())
        {
            (CollectionsMarshal.GetValueRefOrAddDefault(dependents, row.Long(0), out _) ??= []).Add(row.Long(1));
        }
        if (dependents.Count == 0)
        {
            return;
        }
        statements["forget_dependencies_on"].Add([.. dependents.Keys]).Run();
        foreach (var (job, status) in ended)
        {
            if (dependents.TryGetValue(job, out var waiting))
            {
                waiting.ForEach(dependent => SettleDependent(dependent, job, status));
            }
        }
    }

    private void SettleDependent(long dependent, long job, JobStatus status)
    {
        if (status != JobStatus.Completed)
        {
            CancelBlocked(dependent, $"Job {job}, which it waited for, {(status == JobStatus.Failed ? "failed" : "was cancelled")}.");
        }
        else if (statements["one_blocker_less"].Add(dependent).Number() == 0)
        {
            Unblock(dependent);
        }
    }

    private void CancelBlocked(long job, string error)
    {
        var found = JobFinder.Find(statements, job);
        if (found is { Status: JobStatus.Blocked })
        {
            CountOut(found);
            EndWaiting(found.Place, JobStatus.Cancelled, error);
        }
    }

    /// <summary>How many jobs this operation cancelled.</summary>
    public int Cancelled { get; set; }

    private void Unblock(long job)
    {
        var found = JobFinder.Find(statements, job)!;
        CountOut(found);
        var place = found.Place with { Since = Now };
        if (found.Due > Now)
        {
            MakeScheduled(place, found.Due.Value, Diagnostics.WaitCause.Scheduled);
        }
        else
        {
            MakeReady(place);
        }
    }

    /// <summary>Takes a waiting or ready job out of its table, out of the counters, and out of play in its batch.</summary>
    public void CountOut(FoundJob found)
    {
        Count(found.Place.Queue, found.Place.Batch, found.Status, -1);
        if (found.Waiting is not { } state)
        {
            if (found.Place.Flags.HasFlag(JobFlags.Grouped))
            {
                LeaveGroup(found.Place);
            }
            else
            {
                statements["remove_ready"].Add(found.Place.Queue).Add(found.Place.Kind).Add(found.Place.Priority).Add(found.Place.Job).Run();
            }
            LeavePlace(found.Place);
        }
        else if (state == WaitingState.Solo)
        {
            statements.Gone("remove_waiting").Add(found.Place.Job).End();
            LeavePlace(found.Place);
        }
        else
        {
            if (state == WaitingState.Parked)
            {
                ForgetParked(found.Place.Batch);
            }
            EndWait(found.Place, found.Cause);
            statements["forget_dependencies_of"].Add(found.Place.Job).Run();
        }
    }

    /// <summary>Takes what <c>batch_ends</c> answered for these batches.</summary>
    public void LearnBatchEnds(Statement row)
    {
        while (row.Step())
        {
            batchEnds.TryAdd(row.Long(0), new(row.Long(1) != 0, row.Long(2) != 0, row.MaybeText(3)));
        }
    }

    /// <summary>Ends those of the batches whose items have all ended.</summary>
    private void EndBatches(long[] touched)
    {
        long[] unknown = [.. touched.Where(batch => !tallies.ContainsKey(batch))];
        if (unknown.Length > 0)
        {
            LearnTallies(unknown, statements["tallies"].Add(unknown));
        }
        long[] done = [.. touched.Where(batch => Tally(batch) is var tally && tally.Ended >= tally.Total)];
        if (done.Length > 0)
        {
            LearnBatchEnds(statements["batch_ends"].Add(done));
            Array.ForEach(done, EndBatch);
        }
    }

    private void EndBatch(long batch)
    {
        if (!batchEnds.Remove(batch, out var known))
        {
            return;
        }
        var tally = Tally(batch);
        var status = known.Cancelled && tally.Cancelled > 0 ? JobStatus.Cancelled
            : known.FailOnError && tally.Failed > 0 ? JobStatus.Failed
            : JobStatus.Completed;
        statements["end_batch"].Add(batch).Add((long)status).Add(Now).Run();
        ForgetForeseen();
        Signal(StoreSignals.Ended);
        if (anyDependency ??= statements["any_dependency"].Any())
        {
            ends.Enqueue((batch, status));
        }
        if (known.Finalize is { } finalize)
        {
            AddFinalize(batch, JsonSerializer.Deserialize(finalize, StoreJson.Default.NewJob)!);
        }
        EndParentOf(batch, status, tally);
    }

    private void AddFinalize(long batch, NewJob job)
    {
        var added = AddJob(job with { Parent = job.Parent ?? new JobId(batch) });
        statements["set_finalize_job"].Add(batch).Add(added.Id.Value).Run();
    }

    /// <summary>The next step of a job that completed, if it has one.</summary>
    public void AddFollowing(in RunningJob job, ReadOnlyMemory<byte> result)
    {
        var own = job.Place.Flags.HasFlag(JobFlags.Then);
        if (!own && Facts(job.Place.Queue).Definition?.Then is null)
        {
            return;
        }
        var followed = JobRowOf(job.Place.Job);
        var then = followed.Extras.Then ?? Facts(job.Place.Queue).Definition?.Then;
        var next = new NewJob
        {
            Queue = then!.Queue, Kind = then.Kind, Payload = result, Priority = (int)-followed.Place.Priority,
            Parent = new JobId(job.Place.Job), TraceParent = followed.Extras.TraceParent,
        };
        AddJob(NewJobRules.Following(next, followed.Group, DefinitionOf(then.Queue)));
    }

    /// <summary>What the end of a batch needs to know of it.</summary>
    private sealed record BatchEnd(bool FailOnError, bool Cancelled, string? Finalize);
}
