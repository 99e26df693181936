using System.Runtime.InteropServices;

namespace Fairlead.PostgreSql;

/// <summary>Counters of what a claim took, added up by batch.</summary>
internal sealed class BatchCounts(Session session, long queue)
{
    private readonly Dictionary<long, int> counts = [];

    public void Add(long batch) => CollectionsMarshal.GetValueRefOrAddDefault(counts, batch, out _)++;

    public void Write()
    {
        foreach (var (batch, count) in counts)
        {
            session.Count(queue, batch, JobStatus.Queued, -count);
            session.Count(queue, batch, JobStatus.Processing, count);
        }
        long[] begun = [.. counts.Keys.Where(static batch => batch != 0)];
        if (begun.Length > 0)
        {
            session.Sql["start_batch"].Add(begun).Add(session.Now).Run();
        }
    }
}
