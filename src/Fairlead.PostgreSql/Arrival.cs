using Fairlead.Storage;

namespace Fairlead.PostgreSql;

/// <summary>
/// What a caller's own transaction brings, as it is written there: either jobs, or a batch, or keys to settle. It was promised in full: ids, keys and what is left out
/// are decided. Whoever takes it in only does it.
/// </summary>
internal sealed record Arrival
{
    /// <summary>The id of the first job, or of the batch; the others follow it.</summary>
    public long First { get; init; }

    public IReadOnlyList<NewJob> Jobs { get; init; } = [];

    public NewBatch? Batch { get; init; }

    public KeySettlement? Settlement { get; init; }

    /// <summary>How many ids it uses.</summary>
    public int Count => Batch is null ? Jobs.Count : Batch.Items.Count + 1;

    /// <summary>Whether a job or batch of that id comes with it.</summary>
    public bool Brings(long job) => job >= First && job < First + Count;

    /// <summary>Its job in that queue with that unique key; null for none.</summary>
    public long? HolderOf(string queue, string key)
    {
        var jobs = Batch?.Items ?? Jobs;
        for (var i = 0; i < jobs.Count; i++)
        {
            if (jobs[i].Queue == queue && jobs[i].UniqueKey == key)
            {
                return First + i + (Batch is null ? 0 : 1);
            }
        }
        return null;
    }
}
