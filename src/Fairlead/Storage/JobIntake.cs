namespace Fairlead.Storage;

/// <summary>
/// The door for producers that know a queue by its name only: commands and the REST API. What is in force for the queue decides what
/// a job must hold and what it gets, as it does for producers that are told in code.
/// </summary>
internal sealed class JobIntake(IJobStore store)
{
    /// <summary>What is in force for a queue; the defaults where no node has declared it yet.</summary>
    public async ValueTask<QueueDefinition> QueueAsync(string name, CancellationToken cancellationToken)
    {
        NewJobRules.CheckName(name, "A queue's name");
        var known = (await store.ListQueuesAsync(cancellationToken)).FirstOrDefault(queue => queue.Name == name);
        return known?.InForce ?? new QueueDefinition { Name = name };
    }

    /// <summary>Enqueues one job by the rules of its queue. It is durable when this returns.</summary>
    /// <exception cref="ArgumentException">It breaks a rule; the message says which.</exception>
    public async ValueTask<EnqueuedJob> EnqueueAsync(NewJob job, CancellationToken cancellationToken)
    {
        var queue = await QueueAsync(job.Queue, cancellationToken);
        return (await store.EnqueueAsync([NewJobRules.Check(job, queue)], cancellationToken))[0];
    }

    /// <summary>Enqueues a batch whose items are in hand, each checked against its queue by <see cref="NewJobRules.Check" />.</summary>
    /// <param name="batch">The batch; its <see cref="NewBatch.Finalize" /> is checked here.</param>
    /// <param name="queue">What is in force for it.</param>
    /// <param name="cancellationToken">Gives it up.</param>
    /// <exception cref="ArgumentException">It has no items, or breaks a rule; the message says which.</exception>
    public async ValueTask<JobId> EnqueueBatchAsync(NewBatch batch, QueueDefinition queue, CancellationToken cancellationToken)
    {
        if (batch.Name is { } name)
        {
            NewJobRules.CheckName(name, "A batch's name");
        }
        if (batch.MaxParallel is < 1)
        {
            throw new ArgumentException($"max_workers expects 1 or more; got {batch.MaxParallel}.");
        }
        var last = batch.Finalize is { } job ? NewJobRules.Check(job, await QueueAsync(job.Queue, cancellationToken)) : null;
        return await store.EnqueueBatchAsync(batch with
        {
            Finalize = last,
            MaxParallel = batch.Items.Count <= queue.SequentialUpTo ? 1 : batch.MaxParallel,
        }, cancellationToken);
    }
}
