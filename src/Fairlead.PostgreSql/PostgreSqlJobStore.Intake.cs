using System.Data.Common;
using Fairlead.Storage;

namespace Fairlead.PostgreSql;

public sealed partial class PostgreSqlJobStore
{
    // From so many on, a connection of their own and COPY are worth their three further transactions.
    private const int BulkFrom = 1000;

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<EnqueuedJob>> EnqueueAsync(IReadOnlyList<NewJob> jobs, CancellationToken cancellationToken = default) =>
        jobs.Count < BulkFrom ? AddAsync(jobs, cancellationToken) : EnqueueInBulkAsync(jobs, cancellationToken);

    /// <inheritdoc />
    public ValueTask<JobId> EnqueueBatchAsync(NewBatch batch, CancellationToken cancellationToken = default)
    {
        RequireItems(batch);
        return batch.Items.Count < BulkFrom ? AddAsync(batch, cancellationToken) : EnqueueInBulkAsync(batch, cancellationToken);
    }

    private ValueTask<IReadOnlyList<EnqueuedJob>> AddAsync(IReadOnlyList<NewJob> jobs, CancellationToken cancellationToken) =>
        Writer.WriteAsync(session => Add(session, jobs), jobs.Count, cancellationToken, jobs: jobs);

    private ValueTask<JobId> AddAsync(NewBatch batch, CancellationToken cancellationToken) =>
        WriteAsync(session => session.AddBatch(batch), cancellationToken, batch.Items.Count);

    private static IReadOnlyList<EnqueuedJob> Add(Session session, IReadOnlyList<NewJob> jobs)
    {
        var answers = new EnqueuedJob[jobs.Count];
        for (var i = 0; i < answers.Length; i++)
        {
            answers[i] = session.AddJob(jobs[i], strict: true);
        }
        return answers;
    }

    private static void RequireItems(NewBatch batch)
    {
        if (batch.Items.Count == 0)
        {
            throw new ArgumentException("A batch needs at least one item; this one has none.", nameof(batch));
        }
    }
}
