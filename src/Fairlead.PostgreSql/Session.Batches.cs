using Fairlead.Storage;

namespace Fairlead.PostgreSql;

/// <summary>How batches come in: from producers, and as the children of a job.</summary>
internal sealed partial class Session
{
    internal static readonly JobKind BatchKind = new("fairlead.batch");

    /// <summary>Adds a batch and its items.</summary>
    /// <exception cref="ArgumentException">It has no items, or the unique key of one is held.</exception>
    public JobId AddBatch(NewBatch batch)
    {
        Foresee(batch.Items, batch.MaxParallel ?? long.MaxValue);
        if (Sieve(batch, out var leftOut) is { } problem)
        {
            throw new ArgumentException(problem, nameof(batch));
        }
        RequireAny(batch, leftOut);
        return new(AddBatch(batch, leftOut, parent: null, strict: true));
    }

    /// <exception cref="ArgumentException">All items of the batch were left out.</exception>
    internal static void RequireAny(NewBatch batch, HashSet<int> leftOut)
    {
        if (batch.Items.Count == leftOut.Count)
        {
            throw new ArgumentException($"A batch needs at least one item; of this one's {batch.Items.Count} all were left out, because unfinished jobs hold their unique keys.", nameof(batch));
        }
    }

    /// <summary>Adds the children of a job; null when none are left.</summary>
    private long? AddChildren(NewBatch children, long parent, HashSet<int> leftOut) =>
        children.Items.Count == leftOut.Count ? null : AddBatch(children, leftOut, parent, strict: false);

    /// <summary>Which items are left out because their unique key is held; where the batch wants all of them, what is wrong with the first one.</summary>
    private string? Sieve(NewBatch batch, out HashSet<int> leftOut) => Sieve(
        batch, item => NewJobRules.UniqueKeyOf(item, Facts(Queue(item.Queue)).Definition), (item, key) => HolderOf(Queue(item.Queue), key), out leftOut);

    /// <summary>The same where keys and holders are known otherwise.</summary>
    internal static string? Sieve(NewBatch batch, Func<NewJob, string?> keyOf, Func<NewJob, string, long?> holderOf, out HashSet<int> leftOut)
    {
        var (keys, held) = (new HashSet<(string, string)>(), new HashSet<int>());
        leftOut = held;
        for (var item = 0; item < batch.Items.Count; item++)
        {
            if (keyOf(batch.Items[item]) is not { } key)
            {
                continue;
            }
            var holder = holderOf(batch.Items[item], key);
            if (keys.Add((batch.Items[item].Queue, key)) && holder is null)
            {
                continue;
            }
            if (!batch.LeaveOutHeld)
            {
                var who = holder is null ? "an earlier item" : $"job {holder} of queue '{batch.Items[item].Queue}'";
                return $"Item {item} has the unique key '{key}', which {who} holds. A batch holds exactly the items it is given.";
            }
            held.Add(item);
        }
        return null;
    }

    private long AddBatch(NewBatch batch, HashSet<int> leftOut, long? parent, bool strict)
    {
        var id = NextJob();
        AddBatchRow(id, batch, batch.Items.Count - leftOut.Count, parent);
        var flags = batch.MaxParallel is null ? JobFlags.None : JobFlags.Shared;
        for (var item = 0; item < batch.Items.Count; item++)
        {
            if (!leftOut.Contains(item))
            {
                AddItem(batch.Items[item], id, flags, strict);
            }
        }
        return id;
    }

    private void AddItem(NewJob job, long batch, JobFlags flags, bool strict)
    {
        var queue = Queue(job.Queue);
        job = Keyed(job, queue);
        var place = AddRow(job, queue, batch, flags);
        var (blockers, refusal) = Await(job, place.Job, strict);
        PutNew(job, place, blockers, refusal);
    }

    private void AddBatchRow(long id, NewBatch batch, int size, long? parent)
    {
        statements["add_job"].Add(id).Add(Queue(batch.Queue)).Add(Kind(BatchKind)).Add(0).Add(Now).Add((long?)null)
            .Add((long)JobFlags.Batch).Add((long?)null).Add((string?)null).Add((string?)null).Add(JobExtras.OfBatch(parent)).Add(default(ReadOnlySpan<byte>)).Run();
        var finalize = batch.Finalize is null ? null : System.Text.Json.JsonSerializer.Serialize(batch.Finalize, StoreJson.Default.NewJob);
        statements["add_batch"].Add(id).Add(batch.Name).Add(size).Add(batch.MaxParallel).Add(batch.FailOnError ? 1 : 0)
            .Add((long)JobStatus.Queued).Add(finalize).Add(batch.Memo.Span).Run();
    }
}
