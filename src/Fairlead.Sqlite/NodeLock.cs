namespace Fairlead.Sqlite;

/// <summary>The lease of a node: a lock the kernel holds for its process. Free means dead, known at once.</summary>
internal sealed class NodeLock : IDisposable
{
    private readonly Flock held;
    private readonly string path;

    private NodeLock(Flock held, string path) => (this.held, this.path) = (held, path);

    /// <summary>Takes the lock of a node's number; null when somebody holds it.</summary>
    public static NodeLock? TryTake(string folder, long node)
    {
        Directory.CreateDirectory(folder);
        var file = PathOf(folder, node);
        return Flock.TryTake(file) is { } taken ? new(taken, file) : null;
    }

    /// <summary>True when no process holds the node's lock.</summary>
    public static bool IsFree(string folder, long node)
    {
        if (!File.Exists(PathOf(folder, node)))
        {
            return true;
        }
        using var taken = Flock.TryTake(PathOf(folder, node));
        return taken is not null;
    }

    /// <summary>Removes what a dead node left.</summary>
    public static void Forget(string folder, long node)
    {
        if (Directory.Exists(folder))
        {
            File.Delete(PathOf(folder, node));
        }
    }

    public void Dispose()
    {
        File.Delete(path);
        held.Dispose();
    }

    private static string PathOf(string folder, long node) => Path.Combine(folder, $"{node}.lock");
}
