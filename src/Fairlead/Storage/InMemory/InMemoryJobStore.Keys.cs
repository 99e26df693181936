using Fairlead.Storage.InMemory;

namespace Fairlead.Storage;

// Nothing happens to keys when an attempt ends: what became of it is looked at when somebody asks for the key, and written down before its job is forgotten.
public sealed partial class InMemoryJobStore
{
    private readonly Dictionary<(string Scope, string Key), KeyRow> _keys = [];
    private readonly SortedSet<KeyRow> _keyExpiry = new(RowOrder.ByExpiry);

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<KeyAnswer>> ClaimKeysAsync(KeyClaim claim, CancellationToken cancellationToken = default) =>
        CommitAsync(now => ClaimKeys(KeyRules.Check(claim), now), cancellationToken);

    /// <inheritdoc />
    public ValueTask<int> SettleKeysAsync(KeySettlement settlement, CancellationToken cancellationToken = default) =>
        CommitAsync(now => SettleKeys(settlement, now), cancellationToken);

    private IReadOnlyList<KeyAnswer> ClaimKeys(KeyClaim claim, DateTimeOffset now)
    {
        var owner = claim.Attempt is { } attempt ? Holder(attempt) : null;
        var stale = claim.Attempt is not null && owner is null;
        return [.. claim.Keys.Select(key => stale ? KeyAnswer.Held : ClaimKey(claim, key, owner, now))];
    }

    private KeyAnswer ClaimKey(KeyClaim claim, string key, JobRow? owner, DateTimeOffset now)
    {
        if (_keys.TryGetValue((claim.Scope, key), out var known))
        {
            if (AnswerOf(known, now) is not KeyAnswer.New and var taken)
            {
                return taken;
            }
            FreeKey(known);
        }
        var row = new KeyRow(claim.Scope, key, claim.Keep) { Owner = claim.Attempt };
        _keys.Add((row.Scope, row.Key), row);
        if (owner is null)
        {
            Keep(row, now);
        }
        else
        {
            (owner.Keys ??= []).Add(row);
        }
        return KeyAnswer.New;
    }

    private int SettleKeys(KeySettlement settlement, DateTimeOffset now)
    {
        var changed = 0;
        foreach (var key in Holder(settlement.Attempt) is null ? [] : settlement.Keys)
        {
            if (!_keys.TryGetValue((settlement.Scope, key), out var row) || row.Owner != settlement.Attempt)
            {
                continue;
            }
            if (settlement.Keep)
            {
                Keep(row, now);
            }
            else
            {
                FreeKey(row);
            }
            changed++;
        }
        return changed;
    }

    /// <summary>How a key stands for whoever asks next.</summary>
    private KeyAnswer AnswerOf(KeyRow row, DateTimeOffset now)
    {
        if (row.Owner is { } owner && Holder(owner) is not null)
        {
            return KeyAnswer.Held;
        }
        return (row.ExpiresAt ?? ExpiryByOwner(row)) > now ? KeyAnswer.Seen : KeyAnswer.New;
    }

    /// <summary>The job of an attempt that still holds it, whoever runs it.</summary>
    private JobRow? Holder(AttemptKey attempt) => _jobs.Find(attempt.Job) is { Status: JobStatus.Processing } job && job.Fence == attempt.Fence ? job : null;

    /// <summary>When a key expires whose owner no longer runs; null when its end has set it free.</summary>
    private DateTimeOffset? ExpiryByOwner(KeyRow row) =>
        row.Owner is { } owner && _jobs.Find(owner.Job) is { Status: JobStatus.Completed } job && job.Fence == owner.Fence ? Expiry(row, job.EndedAt) : null;

    private static DateTimeOffset Expiry(KeyRow row, DateTimeOffset kept) => row.Keep < DateTimeOffset.MaxValue - kept ? kept + row.Keep : DateTimeOffset.MaxValue;

    private void Keep(KeyRow row, DateTimeOffset now)
    {
        Disown(row);
        row.ExpiresAt = Expiry(row, now);
        _keyExpiry.Add(row);
    }

    private void FreeKey(KeyRow row)
    {
        Disown(row);
        _keyExpiry.Remove(row);
        _keys.Remove((row.Scope, row.Key));
    }

    private void Disown(KeyRow row)
    {
        if (row.Owner is { } owner)
        {
            _jobs.Find(owner.Job)?.Keys?.Remove(row);
            row.Owner = null;
        }
    }

    /// <summary>What became of the owners of keys, before their job is forgotten.</summary>
    private void WriteDownKeys(JobRow job)
    {
        foreach (var row in job.Keys?.ToList() ?? [])
        {
            if (ExpiryByOwner(row) is not null)
            {
                Keep(row, job.EndedAt);
            }
            else
            {
                FreeKey(row);
            }
        }
    }

    private int DropExpiredKeys(int limit, DateTimeOffset now)
    {
        var old = _keyExpiry.TakeWhile(row => row.ExpiresAt <= now).Take(Math.Max(limit, 0)).ToList();
        old.ForEach(FreeKey);
        return old.Count;
    }
}
