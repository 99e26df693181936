using System.Data.Common;
using Fairlead.Storage;

namespace Fairlead.PostgreSql;

public sealed partial class PostgreSqlJobStore
{
    /// <inheritdoc />
    public ValueTask<IReadOnlyList<KeyAnswer>> ClaimKeysAsync(KeyClaim claim, CancellationToken cancellationToken = default)
    {
        KeyRules.Check(claim);
        return WriteAsync<IReadOnlyList<KeyAnswer>>(session => new KeyDesk(session).Claim(claim), cancellationToken, claim.Keys.Count);
    }

    /// <inheritdoc />
    public ValueTask<int> SettleKeysAsync(KeySettlement settlement, CancellationToken cancellationToken = default) =>
        WriteAsync(session => new KeyDesk(session).Settle(settlement), cancellationToken, settlement.Keys.Count);

    /// <inheritdoc />
    public ValueTask<int> SettleKeysAsync(KeySettlement settlement, DbTransaction transaction, CancellationToken cancellationToken = default) =>
        new(WriteInside(transaction, session => new KeyDesk(session).Settle(settlement)));

    /// <summary>What became of the attempts of jobs that are to be forgotten is written down for the keys they claimed.</summary>
    private static void SettleKeysOf(Session session, long first, long last)
    {
        session.Sql["keep_keys_of"].Add(first).Add(last).Run();
        session.Sql["drop_keys_of"].Add(first).Add(last).Run();
    }
}
