using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace Fairlead.Processes;

/// <summary>What the intake tells the loop.</summary>
internal enum NewsKind : byte
{
    /// <summary>A program runs, or could not be started.</summary>
    Began,

    /// <summary>The node wants a program stopped.</summary>
    Stop,

    /// <summary>The node wants a program stopped later, or no more.</summary>
    Deadline,

    /// <summary>The node is alive.</summary>
    Beat,

    /// <summary>The node said goodbye, or is gone.</summary>
    Closed,
}

/// <summary>One thing to know.</summary>
internal readonly record struct News(NewsKind Kind, Ward? Ward = null, ulong Id = 0, long TermAt = 0, long KillAfter = 0);

/// <summary>
/// The thread that hears the node and starts programs at once. A thread of its own for two reasons: the loop goes on while
/// <c>exec</c> is under way, and programs are the children of the thread that started them, so that the loop's thread, which has no children
/// but the orphans handed to this process, can ask the kernel in one call whether any of those are left (see <see cref="Orphans" />).
/// </summary>
internal sealed unsafe class Intake(FrameReader commands, BaseEnvironment environment, CgroupYard? yard, bool marks, Func<long> now)
{
    internal const int NodeIn = 0;

    private readonly Lock _gate = new();
    private readonly ConcurrentQueue<Ward> _announced = new();
    private readonly ConcurrentQueue<News> _news = new();
    private readonly (int Read, int Write) _bell = Libc.Pipe();
    private long _heardAt = now();
    private int _unread;
    private volatile bool _isStarting;
    private bool _isClosed;

    /// <summary>Rings when there is news.</summary>
    internal int BellFd => _bell.Read;

    /// <summary>When the node was last heard. A program that takes long to start, from a slow disk, is not the node's silence: then its words pile up in the pipe, and that counts.</summary>
    internal long HeardAt
    {
        get
        {
            var unread = _isStarting ? Libc.Unread(NodeIn) : 0;
            if (unread > _unread)
            {
                Volatile.Write(ref _heardAt, now());
            }
            _unread = unread;
            return Volatile.Read(ref _heardAt);
        }
    }

    internal void Open()
    {
        Libc.SetNonBlocking(_bell.Read);
        new Thread(Run, 256 * 1024) { IsBackground = true, Name = "intake" }.Start();
    }

    /// <summary>No program is announced from now on.</summary>
    internal void Close()
    {
        lock (_gate)
        {
            _isClosed = true;
        }
    }

    /// <summary>The next program that is about to be started. It is announced before it exists: whoever sees a process can know whose it is.</summary>
    internal bool TryAdmit(out Ward? ward) => _announced.TryDequeue(out ward);

    internal bool TryHear(out News news) => _news.TryDequeue(out news);

    /// <summary>Silences the bell; call it before <see cref="TryHear" />.</summary>
    internal void Silence()
    {
        var buffer = stackalloc byte[256];
        while (Libc.ReadAgain(_bell.Read, buffer, 256) == 256)
        {
        }
    }

    private void Run()
    {
        try
        {
            do
            {
                Obey();
            }
            while (Listen());
        }
        catch (Exception error) when (error is InvalidDataException or ArgumentOutOfRangeException)
        {
            // What comes is not our protocol: there is no node we could serve.
        }
        Tell(new(NewsKind.Closed));
    }

    private bool Listen()
    {
        fixed (byte* free = commands.Free())
        {
            var read = Libc.ReadAgain(NodeIn, free, commands.Free().Length);
            commands.Filled((int)Math.Max(read, 0));
            Volatile.Write(ref _heardAt, now());
            return read > 0;
        }
    }

    private void Obey()
    {
        while (commands.TryTake(out var frame))
        {
            switch (frame.Type)
            {
                case FrameType.Start:
                    Start(ref frame);
                    break;
                case FrameType.Stop:
                    Tell(new(NewsKind.Stop, Id: (ulong)frame.Int64()));
                    break;
                case FrameType.Deadline:
                    SetDeadline(ref frame);
                    break;
                case FrameType.Heartbeat:
                    Tell(new(NewsKind.Beat));
                    break;
                case FrameType.Bye:
                    Tell(new(NewsKind.Closed));
                    break;
            }
        }
    }

    private void Tell(News news)
    {
        _news.Enqueue(news);
        CgroupPen.Say(_bell.Write, 0);
    }

    private void SetDeadline(ref Frame frame)
    {
        var (id, term, killAfter) = ((ulong)frame.Int64(), frame.Int64(), Math.Max(frame.Int64(), 0));
        Tell(new(NewsKind.Deadline, Id: id, TermAt: term < 0 ? Ward.Never : now() + term, KillAfter: killAfter));
    }

    private void Start(ref Frame frame)
    {
        var id = (ulong)frame.Int64();
        var mark = new JobMark((ulong)frame.Int64());
        var arguments = frame.List();
        var variables = frame.List();
        var directory = frame.Bytes();
        var (timeout, killAfter, keep) = (frame.Int64(), frame.Int64(), frame.Int32());
        var (input, pipes) = (frame.Bytes().ToArray(), frame.List());
        killAfter = Math.Max(killAfter, 0);
        var ward = new Ward { Id = id, Mark = mark, Timeout = timeout, KillAfter = killAfter, DeadlineKillAfter = killAfter, Input = input, Pipes = pipes };
        ward.Output.Kept = new KeptOutput(keep);
        ward.Error.Kept = new KeptOutput(keep);
        ward.Pen = yard?.Rent();
        if (!Announce(ward))
        {
            return;
        }
        _isStarting = true;
        using var plan = pipes.Length == 0 ? Connect(ward, arguments, variables, directory) : Introduce(ward, arguments, variables, directory);
        if (ward.StartError == 0)
        {
            Start(ward, plan);
        }
        if (ward.StartError != 0 && ward.Refusal.Length == 0)
        {
            ward.Refusal = Refusal.Explain(ward.StartError, plan);
        }
        _isStarting = false;
        Tell(new(NewsKind.Began, ward));
    }

    private bool Announce(Ward ward)
    {
        lock (_gate)
        {
            if (!_isClosed)
            {
                _announced.Enqueue(ward);
            }
            return !_isClosed;
        }
    }

    /// <summary>Makes its pipes, and fills the one it reads from: what fits there needs no more care.</summary>
    private SpawnPlan Connect(Ward ward, byte[][] arguments, byte[][] variables, ReadOnlySpan<byte> directory)
    {
        var (input, output, error) = (Libc.Pipe(), Libc.Pipe(), Libc.Pipe());
        (ward.InputFd, ward.Output.Fd, ward.Error.Fd) = (input.Write, output.Read, error.Read);
        var plan = new SpawnPlan(environment, variables, arguments, directory) { InputFd = input.Read, OutputFd = output.Write, ErrorFd = error.Write };
        if (error.Read < 0 || output.Read < 0 || input.Read < 0)
        {
            plan.CloseDescriptors();
            ward.StartError = Libc.EMFILE;
            return plan;
        }
        Libc.SetNonBlocking(ward.InputFd);
        Libc.SetNonBlocking(ward.Output.Fd);
        Libc.SetNonBlocking(ward.Error.Fd);
        ward.FeedInput();
        return plan;
    }

    /// <summary>Opens its ends of the pipes that the node made for it.</summary>
    private SpawnPlan Introduce(Ward ward, byte[][] arguments, byte[][] variables, ReadOnlySpan<byte> directory)
    {
        var plan = new SpawnPlan(environment, variables, arguments, directory)
        {
            InputFd = OpenPipe(ward, 0), OutputFd = OpenPipe(ward, 1), ErrorFd = OpenPipe(ward, 2),
        };
        if (ward.StartError != 0)
        {
            plan.CloseDescriptors();
        }
        return plan;
    }

    private static int OpenPipe(Ward ward, int stream)
    {
        var fd = Libc.OpenPipe([.. ward.Pipes[stream], 0], write: stream > 0);
        if (fd < 0)
        {
            ward.StartError = Libc.LastError;
            ward.Refusal = Refusal.NoPipe(ward.StartError);
        }
        return fd;
    }

    private void Start(Ward ward, SpawnPlan plan)
    {
        if (marks)
        {
            ward.Mark.Apply();
        }
        var inside = ward.Pen is { } pen && yard!.StepIn(pen);
        ward.StartError = Spawn.Start(plan, out var pid);
        if (marks)
        {
            ward.Mark.Warden.Apply();
        }
        if (ward.Pen is not null && !(inside && yard!.StepOut()))
        {
            ward.Pen = null;
        }
        plan.CloseDescriptors();
        ward.StartedAt = now();
        ward.PidFd = pid == 0 ? -1 : Libc.OpenPidFd(pid);
        ward.NewPid = pid;
    }
}
