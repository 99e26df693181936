namespace Fairlead.PostgreSql;

/// <summary>Counters of what a claim took, added up by batch: neighbours are mostly of one.</summary>
internal struct BatchCounts(Session session, long queue)
{
    private long batch;
    private int count;

    public void Add(long next)
    {
        if (next != batch)
        {
            Write();
            batch = next;
        }
        count++;
    }

    public void Write()
    {
        if (count == 0)
        {
            return;
        }
        session.Count(queue, batch, JobStatus.Queued, -count);
        session.Count(queue, batch, JobStatus.Processing, count);
        if (batch != 0)
        {
            session.Sql["start_batch"].Add(batch).Add(session.Now).Run();
        }
        count = 0;
    }
}
