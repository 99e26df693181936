namespace Fairlead.PostgreSql;

/// <summary>
/// Keys are decided about under an advisory lock on one of a few hundred stripes of their hashes: so a caller's open transaction holds up only who wants the same key
/// (or, rarely, one of the same stripe), and a batch of many keys does not fill the server's table of locks.
/// </summary>
internal static class KeyStripe
{
    private const int Stripes = 512;

    /// <summary>The stripe of a unique key in a queue.</summary>
    public static long OfUnique(string queue, string key) => Of(Hash(Offset, queue), key);

    /// <summary>The stripe of a key that is taken once.</summary>
    public static long OfOnce(string scope, string key) => Of(~Hash(Offset, scope), key);

    // FNV-1a: the same in every process and version, as the locks are shared by all of them.
    private const ulong Offset = 14695981039346656037;

    private static long Of(ulong seed, string key) => (long)(Hash(Offset ^ seed, key) % Stripes);

    private static ulong Hash(ulong hash, string text)
    {
        foreach (var letter in text)
        {
            hash = (hash ^ letter) * 1099511628211;
        }
        return hash ^ hash >> 32;
    }
}

/// <summary>Somebody's open transaction decides about a key of one of these stripes: to be waited for without the store's turn.</summary>
internal sealed class StripeBusyException(long[] stripes) : Exception("A caller's open transaction holds a key that is wanted.")
{
    public long[] Stripes => stripes;
}
