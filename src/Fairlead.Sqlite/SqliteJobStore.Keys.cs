using Fairlead.Storage;

namespace Fairlead.Sqlite;

public sealed partial class SqliteJobStore
{
    /// <inheritdoc />
    public ValueTask<IReadOnlyList<KeyAnswer>> ClaimKeysAsync(KeyClaim claim, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    /// <inheritdoc />
    public ValueTask<int> SettleKeysAsync(KeySettlement settlement, CancellationToken cancellationToken = default) => throw new NotSupportedException();
}
