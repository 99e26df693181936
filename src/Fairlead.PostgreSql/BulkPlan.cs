using System.Runtime.InteropServices;
using Fairlead.Storage;

namespace Fairlead.PostgreSql;

/// <summary>Where a new job goes first.</summary>
internal enum FirstPlace : byte
{
    Ready,
    Grouped,
    Scheduled,
    Blocked,
    Parked,

    /// <summary>It is cancelled at once: what it was to wait for did not complete.</summary>
    Refused,
}

/// <summary>What a bulk was told when its ids were reserved: numbers of names, and what was in force.</summary>
internal sealed record BulkTerms(long First, long Now, Dictionary<string, (long Id, QueueDefinition? Definition)> Queues, Dictionary<JobKind, long> Kinds);

/// <summary>
/// Many new jobs thought out without the store's turn: which row each of them gets, and what they add up to. What it rests on (<see cref="Terms" />, <see cref="Holders" />,
/// <see cref="Groups" />) is looked at again under the turn, before anybody sees them.
/// </summary>
internal sealed class BulkPlan
{
    private readonly FirstPlace[] places;

    private BulkPlan(NewJob[] jobs) => (Jobs, places) = (jobs, new FirstPlace[jobs.Length]);

    public required BulkTerms Terms { get; init; }

    /// <summary>The batch they are items of; null for none. Its <see cref="NewBatch.Items" /> do not count.</summary>
    public required NewBatch? Batch { get; init; }

    /// <summary>Those that are added, with their keys; their ids follow each other.</summary>
    public NewJob[] Jobs { get; }

    /// <summary>Who held which key; what is not in it was free.</summary>
    public required Dictionary<(string Queue, string Key), long> Holders { get; init; }

    /// <summary>The numbers of the groups that get work; filled in before anything is copied.</summary>
    public Dictionary<(long Queue, string Name), long> Groups { get; } = [];

    /// <summary>How awaited jobs stood.</summary>
    public required Dictionary<long, JobStatus?> Awaited { get; init; }

    /// <summary>Every key that any of them names, those that are left out too.</summary>
    public required (string Queue, string Key)[] Keys { get; init; }

    /// <summary>How many are in a status, by queue.</summary>
    public Dictionary<(long Queue, JobStatus Status), long> Counts { get; } = [];

    /// <summary>How many are ready, by group and kind.</summary>
    public Dictionary<(long Queue, string Group, long Kind), long> Joined { get; } = [];

    /// <summary>Items that are in play in their batch from the beginning.</summary>
    public long Open { get; private set; }

    public long BatchId => Batch is null ? 0 : Terms.First;

    public static BulkPlan Make(NewJob[] jobs, BulkTerms terms, NewBatch? batch, (string, string)[] keys, Dictionary<(string, string), long> holders,
        Dictionary<long, JobStatus?> awaited)
    {
        var plan = new BulkPlan(jobs) { Terms = terms, Batch = batch, Keys = keys, Holders = holders, Awaited = awaited };
        for (var i = 0; i < jobs.Length; i++)
        {
            plan.Put(i);
        }
        return plan;
    }

    public FirstPlace WhereIs(int job) => places[job];

    /// <summary>What stays with a job wherever it goes.</summary>
    public Place PlaceOf(int job)
    {
        var shared = Batch?.MaxParallel is null ? JobFlags.None : JobFlags.Shared;
        return Session.NewPlace(Jobs[job], Terms.First + job + (Batch is null ? 0 : 1), Terms.Queues[Jobs[job].Queue].Id, Terms.Kinds[Jobs[job].Kind], BatchId, shared) with { Since = Terms.Now };
    }

    public NewJobRow RowOf(int job) => Session.NewRow(Jobs[job], PlaceOf(job), Terms.Now, Terms.Queues[Jobs[job].Queue].Definition);

    public long? DueOf(int job) => Jobs[job].Delay > TimeSpan.Zero ? Terms.Now + Moment.Of(Jobs[job].Delay) : null;

    /// <summary>The jobs that it waits for.</summary>
    public IEnumerable<long> BlockersOf(int job) => Jobs[job].After.Distinct().Select(static awaited => awaited.Value).Where(awaited => Awaited[awaited] is null);

    /// <summary>Why it is refused; null when it is not.</summary>
    public string? RefusalOf(int job) => Jobs[job].After.Select(static awaited => awaited.Value).FirstOrDefault(awaited => Awaited[awaited] is { } status && status != JobStatus.Completed) is not 0 and var failed
        ? Session.Refusal(failed, Awaited[failed]) : null;

    private void Put(int job)
    {
        places[job] = Choose(job);
        var queue = Terms.Queues[Jobs[job].Queue].Id;
        var status = places[job] switch
        {
            FirstPlace.Scheduled => JobStatus.Scheduled,
            FirstPlace.Blocked => JobStatus.Blocked,
            FirstPlace.Refused => JobStatus.Cancelled,
            _ => JobStatus.Queued,
        };
        CollectionsMarshal.GetValueRefOrAddDefault(Counts, (queue, status), out _)++;
        if (places[job] == FirstPlace.Grouped)
        {
            CollectionsMarshal.GetValueRefOrAddDefault(Joined, (queue, Jobs[job].Group!, Terms.Kinds[Jobs[job].Kind]), out _)++;
        }
    }

    private FirstPlace Choose(int job)
    {
        if (Jobs[job].After.Count > 0 && RefusalOf(job) is not null)
        {
            return FirstPlace.Refused;
        }
        if (Jobs[job].After.Count > 0 && BlockersOf(job).Any())
        {
            return FirstPlace.Blocked;
        }
        if (Jobs[job].Delay > TimeSpan.Zero)
        {
            return FirstPlace.Scheduled;
        }
        if (Batch?.MaxParallel is { } most && Open++ >= most)
        {
            Open = most;
            return FirstPlace.Parked;
        }
        return Jobs[job].Group is null ? FirstPlace.Ready : FirstPlace.Grouped;
    }
}
