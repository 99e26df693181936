using System.Data.Common;

namespace Fairlead.Storage;

/// <summary>A store whose jobs can appear together with the caller's own rows: both or neither.</summary>
public interface ITransactionalIntake
{
    /// <summary>
    /// As <see cref="IJobIntake.EnqueueAsync" />, inside <paramref name="transaction" />: the jobs exist if and only if the caller commits it.
    /// </summary>
    /// <exception cref="ArgumentException">The transaction is not of this store's database.</exception>
    ValueTask<IReadOnlyList<EnqueuedJob>> EnqueueAsync(IReadOnlyList<NewJob> jobs, DbTransaction transaction, CancellationToken cancellationToken = default);

    /// <summary>As <see cref="IJobIntake.EnqueueBatchAsync" />, inside <paramref name="transaction" />.</summary>
    /// <exception cref="ArgumentException">The transaction is not of this store's database.</exception>
    ValueTask<JobId> EnqueueBatchAsync(NewBatch batch, DbTransaction transaction, CancellationToken cancellationToken = default);
}
