namespace Fairlead.Storage;

/// <summary>What a claim of keys must hold before a store sees to it.</summary>
internal static class KeyRules
{
    private const int LongestScope = 200, LongestKey = 1000;

    /// <summary>Returns <paramref name="claim" /> if it is sound.</summary>
    /// <exception cref="ArgumentException">It is not; the message says what was expected and what came.</exception>
    public static KeyClaim Check(KeyClaim claim)
    {
        Check(claim.Scope, LongestScope, "A scope of keys");
        if (claim.Keys.Count == 0)
        {
            throw new ArgumentException("A claim of keys expects at least one key; got none.", nameof(claim));
        }
        foreach (var key in claim.Keys)
        {
            Check(key, LongestKey, "A key");
        }
        return claim.Keep > TimeSpan.Zero ? claim : throw new ArgumentException($"Keys are kept for more than zero time; got {claim.Keep}.", nameof(claim));
    }

    private static void Check(string text, int longest, string what)
    {
        if (text is not { Length: > 0 } || text.Length > longest)
        {
            throw new ArgumentException($"{what} has 1 to {longest} characters; got {text?.Length ?? 0}. Take a hash of what is longer.");
        }
    }
}
