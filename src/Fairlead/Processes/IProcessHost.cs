namespace Fairlead.Processes;

/// <summary>Where the programs of pools run: the <see cref="Warden" />, or a made-up world in virtual time.</summary>
internal interface IProcessHost
{
    /// <summary>Starts a program. Never throws for what becomes of it: its exit says, that it could not be started too.</summary>
    /// <param name="spec">The program.</param>
    /// <param name="output">Hears that it runs and what it writes, in order, one call at a time; be quick.</param>
    IHostedProcess Start(ProcessSpec spec, IProcessOutput output);

    /// <summary>Resident memory in bytes of each process with all of its group and session; those that are gone are left out.</summary>
    IReadOnlyDictionary<int, long> MemoryOf(IReadOnlyCollection<int> pids);
}

/// <summary>A program that was started. Every call may come from any thread, at any time, after its end too: then it does nothing.</summary>
internal interface IHostedProcess
{
    /// <summary>Its process id; 0 until it is known.</summary>
    int Pid { get; }

    /// <summary>Completes when it has ended, nothing of it is left, and all that it wrote was told.</summary>
    Task<ProcessExit> Exit { get; }

    /// <summary>Sends SIGTERM now, and SIGKILL to all of it after <see cref="ProcessSpec.KillAfter" />.</summary>
    void Stop();

    /// <summary>
    /// Has its parent keep a deadline, whatever becomes of this node: SIGTERM then, SIGKILL to all of it so much later. Replaces the deadline
    /// before, its <see cref="ProcessSpec.Timeout" /> too, unless SIGTERM was sent already.
    /// </summary>
    /// <param name="term">From now; null lifts the deadline.</param>
    /// <param name="killAfter">Counted from SIGTERM.</param>
    void SetDeadline(TimeSpan? term, TimeSpan killAfter);

    /// <summary>Puts bytes on its standard input, where <see cref="ProcessSpec.IsConversation" />; never blocks: what it does not read yet waits in this process.</summary>
    void Write(ReadOnlySpan<byte> bytes);

    /// <summary>Closes its standard input once it has read all.</summary>
    void CloseInput();
}
