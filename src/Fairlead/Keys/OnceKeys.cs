using System.Data.Common;
using Fairlead.Storage;

namespace Fairlead.Keys;

/// <summary>
/// Keys that an attempt has asked for at once with <see cref="JobContext.Once(IEnumerable{string}, string?, TimeSpan?, CancellationToken)" />.
/// What is <see cref="New" /> is this attempt's: kept when it says so or completes, free again when it ends in any other way. Disposing gives
/// back what is not kept yet; who wants "kept with the job" does not dispose. Safe from any thread.
/// </summary>
public sealed class OnceKeys : IAsyncDisposable
{
    private readonly IJobStore _store;
    private readonly AttemptKey _attempt;
    private readonly HashSet<string> _new;
    private readonly HashSet<string> _open;

    internal OnceKeys(IJobStore store, AttemptKey attempt, string scope, IReadOnlyList<string> keys, IReadOnlyList<KeyAnswer> answers)
    {
        (_store, _attempt, Scope) = (store, attempt, scope);
        New = Answered(KeyAnswer.New);
        Held = Answered(KeyAnswer.Held);
        Seen = Answered(KeyAnswer.Seen);
        _new = New.ToHashSet(StringComparer.Ordinal);
        _open = New.ToHashSet(StringComparer.Ordinal);

        IReadOnlyList<string> Answered(KeyAnswer answer) => [.. keys.Where((_, i) => answers[i] == answer)];
    }

    /// <summary>What the keys belong to.</summary>
    public string Scope { get; }

    /// <summary>Those not seen before, in the order in which they were asked for: they are this attempt's, and no other is told the same.</summary>
    public IReadOnlyList<string> New { get; }

    /// <summary>Those that another attempt has claimed and still runs: they will be seen, or new again, when that has ended.</summary>
    public IReadOnlyList<string> Held { get; }

    /// <summary>Those that are kept: seen before.</summary>
    public IReadOnlyList<string> Seen { get; }

    /// <summary>Whether <paramref name="key" /> is among <see cref="New" />.</summary>
    public bool IsNew(string key) => _new.Contains(key);

    /// <summary>Keeps what is new, whatever becomes of the attempt from now on: say so when the effect is done.</summary>
    /// <returns>False when the attempt does not hold its job any more (it was lost, or timed out): the keys were free again already.</returns>
    /// <exception cref="StoreUnavailableException">The store could not be reached.</exception>
    public ValueTask<bool> KeepAsync(CancellationToken cancellationToken = default) => KeepAsync(Open(), cancellationToken);

    /// <summary>Keeps some of what is new; keys that are not new are passed over.</summary>
    /// <inheritdoc cref="KeepAsync(CancellationToken)" />
    public async ValueTask<bool> KeepAsync(IEnumerable<string> keys, CancellationToken cancellationToken = default)
    {
        var mine = Mine(keys);
        var kept = await SettleAsync(mine, keep: true, cancellationToken);
        Close(mine);
        return kept;
    }

    /// <summary>Keeps what is new inside the caller's own transaction: kept if and only if the caller commits, together with the effect.</summary>
    /// <exception cref="NotSupportedException">The store has no transactions to join.</exception>
    /// <exception cref="ArgumentException">The transaction is not of this store's database.</exception>
    /// <inheritdoc cref="KeepAsync(CancellationToken)" />
    public ValueTask<bool> KeepAsync(DbTransaction transaction, CancellationToken cancellationToken = default) => KeepAsync(Open(), transaction, cancellationToken);

    /// <summary>Keeps some of what is new inside the caller's own transaction: kept if and only if the caller commits, together with the effect.</summary>
    /// <inheritdoc cref="KeepAsync(DbTransaction, CancellationToken)" />
    public async ValueTask<bool> KeepAsync(IEnumerable<string> keys, DbTransaction transaction, CancellationToken cancellationToken = default)
    {
        var store = _store as ITransactionalKeys ?? throw new NotSupportedException($"{_store.Description} has no transactions to join; use the SQLite or PostgreSQL store.");
        var mine = Mine(keys);
        // They stay open: should the caller roll back, disposing gives them back; what was committed it leaves as it is.
        return mine.Length == 0 || await store.SettleKeysAsync(new KeySettlement(Scope, mine, _attempt, Keep: true), transaction, cancellationToken) == mine.Length;
    }

    /// <summary>Gives back some of what is new and not kept: free for others at once.</summary>
    /// <exception cref="StoreUnavailableException">The store could not be reached.</exception>
    public async ValueTask GiveBackAsync(IEnumerable<string> keys, CancellationToken cancellationToken = default)
    {
        var mine = Mine(keys);
        await SettleAsync(mine, keep: false, cancellationToken);
        Close(mine);
    }

    /// <summary>Gives back what is new and not kept.</summary>
    /// <exception cref="StoreUnavailableException">The store could not be reached. Let it through: with the attempt's failure the keys are free.</exception>
    public ValueTask DisposeAsync() => GiveBackAsync(Open());

    private async ValueTask<bool> SettleAsync(string[] keys, bool keep, CancellationToken cancellationToken) =>
        keys.Length == 0 || await _store.SettleKeysAsync(new KeySettlement(Scope, keys, _attempt, keep), cancellationToken) == keys.Length;

    private string[] Open()
    {
        lock (_open)
        {
            return [.. _open];
        }
    }

    private string[] Mine(IEnumerable<string> keys)
    {
        lock (_open)
        {
            return [.. keys.Where(_open.Contains).Distinct(StringComparer.Ordinal)];
        }
    }

    private void Close(string[] keys)
    {
        lock (_open)
        {
            _open.ExceptWith(keys);
        }
    }
}
