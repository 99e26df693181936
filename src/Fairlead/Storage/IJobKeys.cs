namespace Fairlead.Storage;

/// <summary>
/// Keys that are taken once: "seen before" without a race. A key belongs to a scope and is claimed, then kept or given back. A unique
/// constraint stands behind it; two claims of the same key never both hear <see cref="KeyAnswer.New" /> while the first still counts.
/// </summary>
public interface IJobKeys
{
    /// <summary>
    /// Claims keys, each by itself, all in one step. With an attempt, the key is claimed for it: kept when the attempt completes its job
    /// or says so, free again when the attempt ends in any other way (failed, lost, timed out, handed back). Without an attempt it is kept at once. The
    /// same key twice in one call: the first counts. A stale attempt is given nothing: it hears <see cref="KeyAnswer.Held" />.
    /// </summary>
    /// <returns>One answer for each key, in order.</returns>
    ValueTask<IReadOnlyList<KeyAnswer>> ClaimKeysAsync(KeyClaim claim, CancellationToken cancellationToken = default);

    /// <summary>
    /// Keeps keys that an attempt has claimed, whatever becomes of the attempt from now on, or gives them back. Keys that are not claimed for that very attempt
    /// are left as they are. What is kept expires after the time its claim named, counted from here.
    /// </summary>
    /// <returns>How many were changed.</returns>
    ValueTask<int> SettleKeysAsync(KeySettlement settlement, CancellationToken cancellationToken = default);
}

/// <summary>A claim of keys.</summary>
public sealed record KeyClaim
{
    /// <summary>How long keys are kept by default.</summary>
    public static readonly TimeSpan DefaultKeep = TimeSpan.FromDays(30);

    /// <summary>What the keys belong to: 1 to 200 characters. Equal keys of other scopes are other keys.</summary>
    public required string Scope { get; init; }

    /// <summary>The keys: at least one, each 1 to 1000 characters.</summary>
    public required IReadOnlyList<string> Keys { get; init; }

    /// <summary>For which attempt; null keeps new keys at once.</summary>
    public AttemptKey? Attempt { get; init; }

    /// <summary>How long a key is remembered from when it is kept; then it is new again. Default 30 days; more than zero.</summary>
    public TimeSpan Keep { get; init; } = DefaultKeep;
}

/// <summary>The answer to the claim of one key.</summary>
public enum KeyAnswer
{
    /// <summary>It was not seen before: it is the caller's now.</summary>
    New = 0,

    /// <summary>Another attempt, which still runs (or this one, earlier), has claimed it and not settled it.</summary>
    Held = 1,

    /// <summary>It is kept: seen before.</summary>
    Seen = 2,
}

/// <summary>What becomes of claimed keys.</summary>
/// <param name="Scope">Their scope.</param>
/// <param name="Keys">The keys.</param>
/// <param name="Attempt">The attempt that claimed them.</param>
/// <param name="Keep">True keeps them, false gives them back.</param>
public sealed record KeySettlement(string Scope, IReadOnlyList<string> Keys, AttemptKey Attempt, bool Keep);
