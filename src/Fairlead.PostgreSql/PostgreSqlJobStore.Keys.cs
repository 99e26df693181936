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
        InsideAsync(transaction, inside => SettleAsync(inside, settlement, cancellationToken), cancellationToken);

    /// <summary>
    /// What is settled is promised, and done when the caller has committed. Until then the stripes of the keys keep others from taking them over, should the attempt lose its
    /// job meanwhile; rows of keys are left alone, or everybody who claims one of them would wait under the store's turn.
    /// </summary>
    private async Task<int> SettleAsync(CallerTransaction inside, KeySettlement settlement, CancellationToken cancellationToken)
    {
        await inside.LockAsync([.. settlement.Keys.Select(key => KeyStripe.OfOnce(settlement.Scope, key)).Distinct()], cancellationToken);
        var claimed = await ReadAsync(sql => ClaimedFor(sql, settlement), cancellationToken);
        var before = inside.Own.Select(static arrival => arrival.Settlement).Where(earlier => earlier?.Attempt == settlement.Attempt && earlier.Scope == settlement.Scope).SelectMany(static earlier => earlier!.Keys);
        string[] keys = [.. claimed.Except(before, StringComparer.Ordinal)];
        if (keys.Length > 0)
        {
            await inside.AddAsync(new() { Settlement = settlement with { Keys = keys } }, StoreSignals.None, cancellationToken);
        }
        return keys.Length;
    }

    private static List<string> ClaimedFor(Statements sql, KeySettlement settlement)
    {
        var (job, fence, keys) = (settlement.Attempt.Job.Value, settlement.Attempt.Fence, new List<string>());
        if (!sql["attempt_runs"].Add(job).Add(fence).Any())
        {
            return keys;
        }
        var row = sql["keys_claimed_for"].Add(settlement.Scope).Add((string?[])[.. settlement.Keys]).Add(job).Add(fence);
        while (row.Step())
        {
            keys.Add(row.Text(0));
        }
        return keys;
    }

    /// <summary>What became of the attempts of jobs that are to be forgotten is written down for the keys they claimed.</summary>
    private static void SettleKeysOf(Session session, long first, long last)
    {
        session.Sql["keep_keys_of"].Add(first).Add(last).Run();
        session.Sql["drop_keys_of"].Add(first).Add(last).Run();
    }
}
