using System.Text;

namespace Fairlead.Processes;

/// <summary>
/// The cgroups in which a warden keeps its jobs, one for each running one, used again and again. A process is born into one:
/// the warden steps in, starts it, and steps out, since a process moved after its start may have children already.
/// </summary>
internal sealed unsafe class CgroupYard
{
    private const double SlowMove = 5;
    private readonly string _root;
    private readonly int _home;
    private readonly System.Collections.Concurrent.ConcurrentStack<CgroupPen> _free = new();
    private int _made;

    private CgroupYard(string root, int home)
    {
        _root = root;
        _home = home;
    }

    /// <summary>False once the warden could not step out of a pen: it would end itself with the job.</summary>
    internal bool IsUsable { get; private set; } = true;

    internal string Place => _root;

    /// <summary>Lays one out below this process's own cgroup; null and the reason when the system does not let it, or takes so long about it that a mark serves better.</summary>
    internal static CgroupYard? TryMake(JobMark warden, bool evenSlow, TimeProvider time, out string whyNot)
    {
        if (Own() is not { } own)
        {
            whyNot = "no cgroup v2 is mounted";
            return null;
        }
        var yard = Make(own, warden, out whyNot);
        if (yard?.Rent() is not { } pen)
        {
            yard?.Clear();
            whyNot = yard is null ? whyNot : $"{own} has no cgroup.kill (Linux 5.14)";
            return null;
        }
        var start = time.GetTimestamp();
        var moved = yard.StepIn(pen) && yard.StepOut();
        var took = time.GetElapsedTime(start).TotalMilliseconds;
        yard.Return(pen);
        if (moved && (evenSlow || took <= SlowMove))
        {
            return yard;
        }
        whyNot = moved ? $"entering a cgroup takes {took:0.0} ms here" : $"processes may not be moved within {own}";
        yard.Clear();
        return null;
    }

    /// <summary>An empty pen; null when none can be had.</summary>
    internal CgroupPen? Rent()
    {
        while (_free.TryPop(out var pen))
        {
            if (!pen.IsPopulated)
            {
                return pen;
            }
            pen.Close();
        }
        return IsUsable ? CgroupPen.TryMake($"{_root}/{++_made}") : null;
    }

    internal void Return(CgroupPen pen) => _free.Push(pen);

    internal bool StepIn(CgroupPen pen) => IsUsable && CgroupPen.Say(pen.Members, (byte)'0');

    internal bool StepOut() => IsUsable = CgroupPen.Say(_home, (byte)'0');

    /// <summary>Takes it all down; what still lives in it keeps its pen standing.</summary>
    internal void Clear()
    {
        while (_free.TryPop(out var pen))
        {
            pen.Close();
        }
        Remove(_root);
    }

    /// <summary>Ends everything in the yard of a warden that is dead, and takes it down.</summary>
    internal static void EndAll(JobMark warden)
    {
        if (Own() is { } own && Directory.Exists(PathOf(own, warden)))
        {
            var root = PathOf(own, warden);
            CgroupPen.Say($"{root}/cgroup.kill", (byte)'1');
            Remove(root);
        }
    }

    private static string PathOf(string own, JobMark warden) => $"{own}/fairlead-{warden}";

    private static CgroupYard? Make(string own, JobMark warden, out string whyNot)
    {
        try
        {
            var root = PathOf(own, warden);
            Directory.CreateDirectory(root);
            whyNot = "";
            return new CgroupYard(root, CgroupPen.Open($"{own}/cgroup.procs", write: true));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            whyNot = $"{own} is not ours to write to";
            return null;
        }
    }

    private static void Remove(string root)
    {
        try
        {
            foreach (var pen in Directory.EnumerateDirectories(root))
            {
                Directory.Delete(pen);
            }
            Directory.Delete(root);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Somebody still dies in there, or it was never ours: an empty directory harms nobody.
        }
    }

    /// <summary>The directory of this process's own cgroup v2.</summary>
    private static string? Own()
    {
        try
        {
            var mount = Array.Find(File.ReadAllLines("/proc/self/mounts"), line => line.Split(' ') is [_, _, "cgroup2", ..]);
            var own = Array.Find(File.ReadAllLines("/proc/self/cgroup"), line => line.StartsWith("0::", StringComparison.Ordinal));
            return mount is null || own is null ? null : (mount.Split(' ')[1] + own[3..]).TrimEnd('/');
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}

/// <summary>The cgroup of one job.</summary>
internal sealed unsafe class CgroupPen
{
    private readonly int _events;
    private readonly int _kill;

    private CgroupPen(int members, int events, int kill)
    {
        Members = members;
        _events = events;
        _kill = kill;
    }

    /// <summary>Its <c>cgroup.procs</c>, open for writing.</summary>
    internal int Members { get; }

    /// <summary>True while anything in it lives.</summary>
    internal bool IsPopulated
    {
        get
        {
            var buffer = stackalloc byte[128];
            var length = Libc.PRead(_events, buffer, 128, 0);
            return length <= 0 || new ReadOnlySpan<byte>(buffer, (int)length).IndexOf("populated 0"u8) < 0;
        }
    }

    internal static CgroupPen? TryMake(string path)
    {
        try
        {
            Directory.CreateDirectory(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
        var pen = new CgroupPen(Open($"{path}/cgroup.procs", write: true), Open($"{path}/cgroup.events"), Open($"{path}/cgroup.kill", write: true));
        if (pen is { Members: >= 0, _events: >= 0, _kill: >= 0 })
        {
            return pen;
        }
        pen.Close();
        return null;
    }

    /// <summary>Ends everything in it, what forks meanwhile included.</summary>
    internal void Kill() => Say(_kill, (byte)'1');

    internal void Close()
    {
        Libc.Close(Members);
        Libc.Close(_events);
        Libc.Close(_kill);
    }

    internal static int Open(string path, bool write = false) => Libc.Open(Encoding.UTF8.GetBytes(path + '\0'), write);

    internal static bool Say(int fd, byte what) => Libc.WriteAgain(fd, &what, 1) == 1;

    internal static void Say(string path, byte what)
    {
        var fd = Open(path, write: true);
        if (fd >= 0)
        {
            Say(fd, what);
            Libc.Close(fd);
        }
    }
}
