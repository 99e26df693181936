namespace Fairlead.Processes;

/// <summary>Why a program ended.</summary>
internal enum EndReason : byte
{
    /// <summary>By itself, or by a signal that nobody here sent.</summary>
    Exited = 0,

    /// <summary>It ran into its timeout.</summary>
    TimedOut = 1,

    /// <summary>The node asked for it.</summary>
    Stopped = 2,

    /// <summary>The node did not say anything for longer than its lease.</summary>
    Silenced = 3,

    /// <summary>It could not be started.</summary>
    NotStarted = 4,

    /// <summary>The warden died; the node ended what it could find.</summary>
    WardenLost = 5,
}

/// <summary>How a program ended. When this is known, nothing of it is left, unless <see cref="Left" /> says so.</summary>
internal sealed record ProcessExit
{
    /// <summary>Why.</summary>
    public required EndReason Reason { get; init; }

    /// <summary>Its process id; 0 when it was not started.</summary>
    public int Pid { get; init; }

    /// <summary>Its exit code; -1 when a signal ended it or nothing is known.</summary>
    public int ExitCode { get; init; } = -1;

    /// <summary>The signal that ended it; 0 for none.</summary>
    public int Signal { get; init; }

    /// <summary>How long it ran.</summary>
    public TimeSpan Elapsed { get; init; }

    /// <summary>When SIGTERM was sent, counted from its start; null when it was not.</summary>
    public TimeSpan? TermAfter { get; init; }

    /// <summary>When SIGKILL was first sent, to it or to what it left behind, counted from its start; null when it was not.</summary>
    public TimeSpan? KillAfter { get; init; }

    /// <summary>How many processes SIGKILL ended, as far as they were seen.</summary>
    public int Killed { get; init; }

    /// <summary>How many would not die within 30 s of SIGKILL, because the kernel holds them in a call that cannot be interrupted; the warden goes on trying.</summary>
    public int Left { get; init; }

    /// <summary>The system's error number when it could not be started; else 0.</summary>
    public int Error { get; init; }

    /// <summary>What else there is to say, for people; may be empty.</summary>
    public string Message { get; init; } = "";

    internal static void Write(FrameWriter writer, ulong id, ProcessExit exit)
    {
        writer.Begin(FrameType.Ended).Int64((long)id).Byte((byte)exit.Reason).Int32(exit.Pid).Int32(exit.ExitCode).Int32(exit.Signal)
            .Int64(Milliseconds(exit.Elapsed)).Int64(Milliseconds(exit.TermAfter)).Int64(Milliseconds(exit.KillAfter))
            .Int32(exit.Killed).Int32(exit.Left).Int32(exit.Error).Text(exit.Message).End();
    }

    /// <summary>Reads what <see cref="Write" /> wrote, after the id.</summary>
    internal static ProcessExit Read(ref Frame frame) => new()
    {
        Reason = (EndReason)frame.Byte(),
        Pid = frame.Int32(),
        ExitCode = frame.Int32(),
        Signal = frame.Int32(),
        Elapsed = TimeSpan.FromMilliseconds(frame.Int64()),
        TermAfter = Time(frame.Int64()),
        KillAfter = Time(frame.Int64()),
        Killed = frame.Int32(),
        Left = frame.Int32(),
        Error = frame.Int32(),
        Message = frame.Text(),
    };

    internal static long Milliseconds(TimeSpan? time) => time is { } value ? (long)Math.Min(value.TotalMilliseconds, long.MaxValue / 4) : -1;

    internal static TimeSpan? Time(long milliseconds) => milliseconds < 0 ? null : TimeSpan.FromMilliseconds(milliseconds);
}
