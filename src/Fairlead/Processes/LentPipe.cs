namespace Fairlead.Processes;

/// <summary>
/// A pipe of which this process keeps one end, and the warden opens the other by its path for a program. Until that runs the
/// lent end stays open here too, so that the pipe lasts.
/// </summary>
internal sealed class LentPipe
{
    private readonly string? _folder;

    private LentPipe(int own, int lent, string path, string? folder)
    {
        (Own, Lent, Path, _folder) = (own, lent, path, folder);
        Libc.SetNonBlocking(own);
    }

    /// <summary>The end that stays here, nonblocking; -1 once it is closed.</summary>
    internal int Own { get; private set; }

    /// <summary>Where the other end is found.</summary>
    internal string Path { get; }

    private int Lent { get; set; }

    /// <summary>Makes one; null when no descriptor is left, or no name can be had.</summary>
    /// <param name="lendsRead">True to lend the end that is read from.</param>
    /// <param name="named">True for a name in a folder of its own, for systems that show no process's descriptors to another.</param>
    internal static LentPipe? TryMake(bool lendsRead, bool named)
    {
        var folder = named ? TryMakeFolder() : null;
        var (read, write) = named ? Libc.NamedPipe(NameIn(folder)) : Libc.Pipe();
        if (read < 0)
        {
            Remove(folder);
            return null;
        }
        var (own, lent) = lendsRead ? (write, read) : (read, write);
        return new LentPipe(own, lent, named ? NameIn(folder) : $"/proc/{Environment.ProcessId}/fd/{lent}", folder);
    }

    /// <summary>Closes the lent end here: the program has it now, or will never have it.</summary>
    internal void TakeBack()
    {
        if (Lent >= 0)
        {
            Libc.Close(Lent);
            Lent = -1;
            Remove(_folder);
        }
    }

    /// <summary>Closes this process's own end.</summary>
    internal void Close()
    {
        if (Own >= 0)
        {
            Libc.Close(Own);
            Own = -1;
        }
    }

    private static string NameIn(string? folder) => $"{folder}/pipe";

    private static string? TryMakeFolder()
    {
        try
        {
            return Directory.CreateTempSubdirectory("fairlead-").FullName;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static void Remove(string? folder)
    {
        try
        {
            if (folder is not null)
            {
                Directory.Delete(folder, recursive: true);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // A name nobody opens any more in a folder nobody else can enter.
        }
    }
}
