using Fairlead.Policies;

namespace Fairlead.Storage.InMemory;

/// <summary>A limit as the store keeps it.</summary>
internal sealed class LimitRow(string name, Limit declared)
{
    public readonly string Name = name;

    /// <summary>One state for all, or one for each group.</summary>
    public readonly Dictionary<string, LimitState> States = new(StringComparer.Ordinal);

    public Limit Declared = declared;

    /// <summary>An operator's change.</summary>
    public Limit? Change;

    public Limit InForce => Change ?? Declared;

    public LimitState StateOf(string key)
    {
        if (!States.TryGetValue(key, out var state))
        {
            States.Add(key, state = new());
        }
        return state;
    }
}

/// <summary>Permits of a number at once, in somebody's hands.</summary>
internal sealed record HeldPermit(LimitRow Limit, LimitState State, long Cost, long Id, AttemptKey? Attempt);
