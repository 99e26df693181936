namespace Fairlead.Processes;

/// <summary>One program in the warden's care: its descriptors, its clock, and how far its end has come. Times are the loop's milliseconds.</summary>
internal sealed unsafe class Ward : IDisposable
{
    internal const long Never = long.MaxValue;

    internal required ulong Id { get; init; }

    internal required JobMark Mark { get; init; }

    internal required long Timeout { get; init; }

    internal required long KillAfter { get; init; }

    /// <summary>Paths of the three pipes through which the node talks to it; none when it does not.</summary>
    internal byte[][] Pipes { get; init; } = [];

    /// <summary>The grace after a deadline, which <see cref="KillAfter" /> need not be.</summary>
    internal long DeadlineKillAfter { get; set; }

    internal CgroupPen? Pen { get; set; }

    /// <summary>What the intake says of its start; the loop takes it over as <see cref="Pid" /> when it is told.</summary>
    internal int NewPid { get; set; }

    /// <summary>Why it could not be started.</summary>
    internal string Refusal { get; set; } = "";

    /// <summary>0 until it is started.</summary>
    internal int Pid { get; set; }

    /// <summary>The system's error number when it could not be started.</summary>
    internal int StartError { get; set; }

    /// <summary>Readable when it has ended; -1 where there is no such thing, or it has.</summary>
    internal int PidFd { get; set; } = -1;

    internal int InputFd { get; set; } = -1;

    internal WardOutput Output { get; } = new();

    internal WardOutput Error { get; } = new();

    internal required byte[] Input { get; init; }

    internal int InputSent { get; set; }

    internal long StartedAt { get; set; }

    internal long TermAt { get; set; } = Never;

    internal long KilledAt { get; set; } = Never;

    /// <summary>When SIGTERM is due, or SIGKILL after it.</summary>
    internal long DueAt { get; set; } = Never;

    /// <summary>When the next look at what is left of it is due.</summary>
    internal long LookAt { get; set; } = Never;

    internal int Looks { get; set; }

    internal int EmptyLooks { get; set; }

    internal EndReason Reason { get; set; } = EndReason.Exited;

    /// <summary>Its first process has ended, and waits to be reaped.</summary>
    internal bool HasExited { get; set; }

    /// <summary>Whatever is left of it is being ended.</summary>
    internal bool IsEnding { get; set; }

    /// <summary>All that were ended, by number: what was killed and still dies is not counted twice.</summary>
    internal HashSet<int> Killed { get; } = [];

    /// <summary>Sessions its processes were seen in.</summary>
    internal HashSet<int> Sessions { get; } = [];

    /// <summary>Its end has been told; it is no longer in anybody's care.</summary>
    internal bool HasEnded { get; set; }

    internal bool IsStarted => Pid != 0;

    /// <summary>Sends what the pipe takes; closes it when all is sent, or nobody reads.</summary>
    internal void FeedInput()
    {
        fixed (byte* start = Input)
        {
            while (InputSent < Input.Length)
            {
                var sent = Libc.WriteAgain(InputFd, start + InputSent, Input.Length - InputSent);
                if (sent < 0 && Libc.LastError == Libc.EAGAIN)
                {
                    return;
                }
                InputSent += sent < 0 ? Input.Length : (int)sent;
            }
        }
        CloseInput();
    }

    internal void CloseInput()
    {
        if (InputFd >= 0)
        {
            Libc.Close(InputFd);
            InputFd = -1;
        }
    }

    public void Dispose()
    {
        CloseInput();
        Output.Close();
        Error.Close();
        if (PidFd >= 0)
        {
            Libc.Close(PidFd);
            PidFd = -1;
        }
    }
}

/// <summary>One output of a ward: the warden's end of the pipe, and what is kept.</summary>
internal sealed class WardOutput
{
    internal int Fd { get; set; } = -1;

    internal KeptOutput? Kept { get; set; }

    internal void Close()
    {
        if (Fd >= 0)
        {
            Libc.Close(Fd);
            Fd = -1;
        }
    }
}
