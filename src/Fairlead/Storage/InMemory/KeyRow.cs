namespace Fairlead.Storage.InMemory;

/// <summary>A key that somebody claimed. A claim that is followed by another is another row.</summary>
internal sealed class KeyRow(string scope, string key, TimeSpan keep)
{
    public readonly string Scope = scope;
    public readonly string Key = key;

    /// <summary>How long it is remembered from when it is kept.</summary>
    public readonly TimeSpan Keep = keep;

    /// <summary>Whose end decides about it; null once it is kept.</summary>
    public AttemptKey? Owner;

    /// <summary>When it is forgotten; null until it is kept. Orders an index: changes only while the row is out of it.</summary>
    public DateTimeOffset? ExpiresAt;
}
