using System.Globalization;

namespace Fairlead.Processes;

/// <summary>What a node tells its warden first.</summary>
/// <param name="Lease">How long the node may be silent, in milliseconds.</param>
/// <param name="Mark">The warden's own mark.</param>
/// <param name="Rung">The rung wanted.</param>
/// <param name="Environment">What every program is given, each <c>NAME=value</c>.</param>
internal sealed record WardenHello(long Lease, JobMark Mark, Rung Rung, byte[][] Environment);

/// <summary>
/// The warden: a small process beside a node that is the parent of all its worker processes, and ends them when they must end, when the
/// node says so, when it falls silent, and when it is gone. It speaks <see cref="WardenProtocol" /> and knows nothing of jobs.
/// </summary>
internal static unsafe class WardenProgram
{
    /// <summary>The hidden verb under which a program that is its own warden calls <see cref="Main" />.</summary>
    internal const string Verb = "warden";

    /// <summary>Runs the warden on this thread, which has to be the process's first, until its node is gone. Never returns.</summary>
    internal static int Main(string[] args)
    {
        if (OperatingSystem.IsWindows())
        {
            throw new PlatformNotSupportedException(Warden.NotOnWindows);
        }
        LeaveSignalsToTheNode();
        KeepDescriptors();
        var orphans = new Orphans();
        var commands = new FrameReader();
        if (Greet(commands) is { } hello)
        {
            Libc.ExitNow(Serve(hello, commands, orphans));
        }
        Libc.ExitNow(0);
        return 0;
    }

    private static int Serve(WardenHello hello, FrameReader commands, Orphans orphans)
    {
        try
        {
            new WardenLoop(hello, commands, orphans, TimeProvider.System).Run();
            return 0;
        }
        catch (Exception error)
        {
            // Whatever it was, nothing may be left behind; the node learns of it by the closed pipe.
            TreeEnder.EndAll(hello.Mark, TimeProvider.System, TimeSpan.FromSeconds(10));
            Console.Error.WriteLine($"fairlead warden: {error}");
            return 70;
        }
    }

    /// <summary>A terminal's or a service manager's signals mean the node, which then says what is to be done; a warden that died of them would leave its jobs alone.</summary>
    private static void LeaveSignalsToTheNode()
    {
        const nint defaultAction = 0, ignore = 1;
        foreach (var signal in (ReadOnlySpan<int>)[Libc.SIGHUP, Libc.SIGINT, Libc.SIGQUIT, Libc.SIGTERM, Libc.SIGPIPE])
        {
            Libc.Signal(signal, ignore);
        }
        // Ignored, as a careless parent may leave it, it would have the kernel reap our children before we see how they ended.
        Libc.Signal(Libc.SIGCHLD, defaultAction);
    }

    /// <summary>What the node was given by those who started it is not for its programs.</summary>
    private static void KeepDescriptors()
    {
        foreach (var path in Directory.GetFiles("/dev/fd"))
        {
            if (int.TryParse(Path.GetFileName(path), NumberStyles.None, CultureInfo.InvariantCulture, out var fd) && fd > 2)
            {
                Libc.CloseOnExec(fd);
            }
        }
    }

    private static WardenHello? Greet(FrameReader commands)
    {
        Frame frame;
        while (!commands.TryTake(out frame))
        {
            fixed (byte* free = commands.Free())
            {
                var read = Libc.ReadAgain(0, free, commands.Free().Length);
                if (read <= 0)
                {
                    return null;
                }
                commands.Filled((int)read);
            }
        }
        return frame.Type == FrameType.Hello && frame.Int32() == WardenProtocol.Version
            ? new WardenHello(frame.Int64(), new JobMark((ulong)frame.Int64()), (Rung)frame.Byte(), frame.List())
            : null;
    }
}
