using System.Data.Common;

namespace Fairlead.Storage;

/// <summary>A store whose keys can be settled together with the caller's own rows: both or neither.</summary>
public interface ITransactionalKeys
{
    /// <summary>
    /// As <see cref="IJobKeys.SettleKeysAsync" />, inside <paramref name="transaction" />: the keys are settled if and only if the caller commits it.
    /// </summary>
    /// <exception cref="ArgumentException">The transaction is not of this store's database.</exception>
    ValueTask<int> SettleKeysAsync(KeySettlement settlement, DbTransaction transaction, CancellationToken cancellationToken = default);
}
