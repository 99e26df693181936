using System.Data.Common;

namespace Fairlead.Keys;

/// <summary>
/// A key that an attempt has asked for with <see cref="JobContext.Once(string, string?, TimeSpan?, CancellationToken)" />. Where it
/// <see cref="IsNew" />, do what it stands for and keep it; disposed before that, it is given back.
/// </summary>
public sealed class OnceKey : IAsyncDisposable
{
    private readonly OnceKeys _keys;

    internal OnceKey(string key, OnceKeys keys) => (Key, _keys) = (key, keys);

    /// <summary>The key.</summary>
    public string Key { get; }

    /// <summary>True when it was not seen before: it is this attempt's, and no other is told the same.</summary>
    public bool IsNew => _keys.IsNew(Key);

    /// <summary>True when another attempt has claimed it and still runs: it will be seen, or new again, when that has ended.</summary>
    public bool IsHeld => _keys.Held.Count > 0;

    /// <inheritdoc cref="OnceKeys.KeepAsync(CancellationToken)" />
    public ValueTask<bool> KeepAsync(CancellationToken cancellationToken = default) => _keys.KeepAsync(cancellationToken);

    /// <inheritdoc cref="OnceKeys.KeepAsync(DbTransaction, CancellationToken)" />
    public ValueTask<bool> KeepAsync(DbTransaction transaction, CancellationToken cancellationToken = default) => _keys.KeepAsync(transaction, cancellationToken);

    /// <inheritdoc cref="OnceKeys.GiveBackAsync(IEnumerable{string}, CancellationToken)" />
    public ValueTask GiveBackAsync(CancellationToken cancellationToken = default) => _keys.GiveBackAsync([Key], cancellationToken);

    /// <inheritdoc cref="OnceKeys.DisposeAsync" />
    public ValueTask DisposeAsync() => _keys.DisposeAsync();
}
