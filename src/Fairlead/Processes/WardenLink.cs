using System.Collections.Concurrent;

namespace Fairlead.Processes;

/// <summary>One life of a warden, seen from the node: its process, the pipes to it, and what runs in its care.</summary>
internal sealed class WardenLink
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_longestBeat = TimeSpan.FromSeconds(2);
    private const int SilentBeats = 20;
    private static readonly uint s_node = ThisNode();
    private static int s_count;

    private readonly Lock _gate = new();
    private readonly FrameWriter _commands = new();
    private readonly ConcurrentDictionary<ulong, ProcessRun> _runs = new();
    private readonly List<ProcessRun> _talking = [];
    private readonly byte[] _heard = new byte[Conversation.Turn];
    private readonly TaskCompletionSource<Containment> _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TimeProvider _time;
    private readonly JobMark _mark;
    private readonly ITimer _beat;
    private readonly int _pid;
    private readonly int _toWarden;
    private readonly int _fromWarden;
    private readonly (int Read, int Write) _wake = Libc.Pipe();
    private readonly WardenOptions _options;
    private volatile bool _isHandling;
    private ulong _lastId;
    private int _unanswered;
    private bool _isGone;

    private WardenLink(WardenOptions options, TimeProvider time)
    {
        _time = time;
        _options = options;
        _mark = JobMark.ForWarden(s_node, Interlocked.Increment(ref s_count), time.GetUtcNow());
        var environment = WardenLaunch.NodeEnvironment();
        (_pid, _toWarden, _fromWarden) = WardenLaunch.Start(options.Command ?? WardenCommand.Self(), environment);
        Libc.SetNonBlocking(_toWarden);
        Libc.SetNonBlocking(_fromWarden);
        Libc.SetNonBlocking(_wake.Read);
        Libc.SetNonBlocking(_wake.Write);
        Greet(options, environment);
        var beat = options.Lease / 4 < s_longestBeat ? options.Lease / 4 : s_longestBeat;
        _beat = time.CreateTimer(static link => ((WardenLink)link!).Beat(), this, beat, beat);
        new Thread(Serve, 256 * 1024) { IsBackground = true, Name = "warden" }.Start();
    }

    /// <summary>The process id of the warden.</summary>
    internal int Pid => _pid;

    /// <summary>Completes when the warden says what it rests on; fails when it ends before.</summary>
    internal Task<Containment> Ready => _ready.Task;

    /// <summary>Completes when the warden is gone and nothing it cared for is left.</summary>
    internal Task Ended => _ended.Task;

    /// <exception cref="IOException">The warden could not be started.</exception>
    internal static WardenLink Start(WardenOptions options, TimeProvider time) => new(options, time);

    /// <summary>Starts a program; null when the warden is gone already.</summary>
    internal IHostedProcess? Begin(ProcessSpec spec, IProcessOutput output)
    {
        if (!spec.IsConversation)
        {
            return Begin(spec, output, null);
        }
        if (Conversation.TryMake(_options.NamedPipes) is not { } conversation)
        {
            return new UnstartedProcess(new ProcessExit { Reason = EndReason.NotStarted, Error = Libc.EMFILE, Message = Refusal.NoPipesHere });
        }
        conversation.Write(spec.Input.Span);
        var run = Begin(spec, output, conversation);
        if (run is null)
        {
            conversation.Close();
        }
        return run;
    }

    internal void Stop(ProcessRun run) => Say(FrameType.Stop, (long)run.Id);

    internal void SetDeadline(ProcessRun run, TimeSpan? term, TimeSpan killAfter)
    {
        lock (_gate)
        {
            if (!_isGone)
            {
                _commands.Begin(FrameType.Deadline).Int64((long)run.Id).Int64(ProcessExit.Milliseconds(term)).Int64(ProcessExit.Milliseconds(killAfter)).End();
                Push();
            }
        }
    }

    /// <summary>Has this link's thread look at what is to be done.</summary>
    internal void Wake()
    {
        lock (_gate)
        {
            if (!_isGone)
            {
                CgroupPen.Say(_wake.Write, 0);
            }
        }
    }

    /// <summary>Ends everything, then the warden.</summary>
    internal async Task EndAsync()
    {
        Say(FrameType.Bye, 0);
        try
        {
            await Ended.WaitAsync(s_patience, _time);
        }
        catch (TimeoutException)
        {
            Libc.Kill(_pid, Libc.SIGKILL);
            await Ended;
        }
    }

    private ProcessRun? Begin(ProcessSpec spec, IProcessOutput output, Conversation? conversation)
    {
        lock (_gate)
        {
            if (_isGone)
            {
                return null;
            }
            var run = new ProcessRun(this, _lastId = NextId(), output, conversation, _options.ContinueInline);
            _runs[run.Id] = run;
            Write(run, spec);
            Push();
            return run;
        }
    }

    /// <summary>Marks come round again: none is given to two programs that run at once, nor the warden's own to any.</summary>
    private ulong NextId()
    {
        var id = _lastId + 1;
        while (_mark.ForJob(id) == _mark || (id > JobMark.Jobs && _runs.Keys.Any(other => _mark.ForJob(other) == _mark.ForJob(id))))
        {
            id++;
        }
        return id;
    }

    private static uint ThisNode() =>
        JobMark.NodeOf(Environment.ProcessId, OperatingSystem.IsLinux() && ProcessTable.TryRead(Environment.ProcessId, out var line) ? line.Started : 0);

    private void Greet(WardenOptions options, byte[][] environment)
    {
        lock (_gate)
        {
            _commands.Begin(FrameType.Hello).Int32(WardenProtocol.Version).Int64(ProcessExit.Milliseconds(options.Lease)).Int64((long)_mark.Value)
                .Byte((byte)options.Rung).List(environment).End();
            Push();
        }
    }

    private void Write(ProcessRun run, ProcessSpec spec)
    {
        var mark = _mark.ForJob(run.Id);
        _commands.Begin(FrameType.Start).Int64((long)run.Id).Int64((long)mark.Value).Texts(spec.Arguments).Int32(spec.Environment.Count + 1);
        _commands.Text($"{JobMark.Variable}={mark}");
        foreach (var (name, value) in spec.Environment)
        {
            _commands.Text($"{name}={value}");
        }
        _commands.Text(spec.Directory ?? "").Int64(ProcessExit.Milliseconds(spec.Timeout)).Int64(ProcessExit.Milliseconds(spec.KillAfter))
            .Int32(spec.KeepOutput).Bytes(run.Conversation is null ? spec.Input.Span : default).Texts(run.Conversation?.Paths ?? []).End();
    }

    private void Beat()
    {
        // Counted in beats, not in time: a node that was stopped itself must not blame its warden for it.
        if (!_isHandling && Interlocked.Increment(ref _unanswered) > SilentBeats)
        {
            Libc.Kill(_pid, Libc.SIGKILL);
            return;
        }
        Say(FrameType.Heartbeat, 0);
    }

    private void Say(FrameType type, long number)
    {
        lock (_gate)
        {
            if (!_isGone)
            {
                _commands.Begin(type).Int64(number).End();
                Push();
            }
        }
    }

    /// <summary>Writes what fits at once, which is nearly always all; the thread of this link does the rest.</summary>
    private void Push()
    {
        PushSome();
        if (!_commands.IsEmpty)
        {
            CgroupPen.Say(_wake.Write, 0);
        }
    }

    private unsafe void PushSome()
    {
        var pending = _commands.Pending;
        fixed (byte* start = pending)
        {
            var written = pending.IsEmpty ? 0 : Libc.WriteAgain(_toWarden, start, pending.Length);
            if (written > 0)
            {
                _commands.Consume((int)written);
            }
            else if (written < 0 && Libc.LastError != Libc.EAGAIN)
            {
                // It is gone; the closed pipe on the other side says so in a moment.
                _commands.Clear();
            }
        }
    }

    private void Serve()
    {
        try
        {
            var events = new FrameReader();
            var polls = new PollList();
            while (Hear(events, polls))
            {
            }
        }
        catch (InvalidDataException)
        {
            // It does not speak our language: as good as gone.
        }
        Bury();
    }

    private bool Hear(FrameReader events, PollList polls)
    {
        polls.Clear();
        polls.Add(_fromWarden, Libc.POLLIN);
        polls.Add(_wake.Read, Libc.POLLIN);
        polls.Add(HasPending() ? _toWarden : -1, Libc.POLLOUT);
        foreach (var run in _talking)
        {
            run.Conversation!.AddTo(polls);
        }
        polls.Wait(-1);
        var incoming = polls.Next();
        Drain(polls.Next());
        lock (_gate)
        {
            PushSome();
        }
        Listen(polls.Skip(1));
        return incoming == 0 || Take(events);
    }

    private void Listen(PollList polls)
    {
        _isHandling = true;
        foreach (var run in _talking)
        {
            run.Conversation!.Serve(polls, run.Output, _heard);
        }
        _isHandling = false;
    }

    private unsafe bool Take(FrameReader events)
    {
        fixed (byte* free = events.Free())
        {
            var read = Libc.ReadAgain(_fromWarden, free, events.Free().Length);
            if (read <= 0)
            {
                return read < 0 && Libc.LastError == Libc.EAGAIN;
            }
            events.Filled((int)read);
        }
        _isHandling = true;
        while (events.TryTake(out var frame))
        {
            Handle(ref frame);
        }
        _isHandling = false;
        return true;
    }

    private void Handle(ref Frame frame)
    {
        Volatile.Write(ref _unanswered, 0);
        switch (frame.Type)
        {
            case FrameType.Ready when frame.Int32() == WardenProtocol.Version:
                frame.Int32();
                _ready.TrySetResult(new Containment((Rung)frame.Byte(), frame.Text()));
                break;
            case FrameType.Started when _runs.TryGetValue((ulong)frame.Int64(), out var run):
                run.Started(frame.Int32());
                if (run.Conversation is not null)
                {
                    _talking.Add(run);
                }
                break;
            case FrameType.Output when _runs.TryGetValue((ulong)frame.Int64(), out var run):
                var (stream, leftOut) = (frame.Byte(), frame.Int64());
                run.Output.Wrote(stream == 2, frame.Bytes(), leftOut);
                break;
            case FrameType.Ended when _runs.TryRemove((ulong)frame.Int64(), out var run):
                End(run, ProcessExit.Read(ref frame));
                break;
        }
    }

    private void End(ProcessRun run, ProcessExit exit)
    {
        if (run.Conversation is { } conversation)
        {
            _talking.Remove(run);
            conversation.Finish(run.Output, _heard);
        }
        run.End(exit);
    }

    private bool HasPending()
    {
        lock (_gate)
        {
            return !_commands.IsEmpty;
        }
    }

    private unsafe void Drain(short ready)
    {
        var buffer = stackalloc byte[64];
        while (ready != 0 && Libc.ReadAgain(_wake.Read, buffer, 64) == 64)
        {
        }
    }

    /// <summary>The warden is gone: what it cared for is ended here before anybody hears that it is lost.</summary>
    private unsafe void Bury()
    {
        lock (_gate)
        {
            _isGone = true;
        }
        _beat.Dispose();
        Libc.Kill(_pid, Libc.SIGKILL);
        int status;
        Libc.WaitPid(_pid, &status, 0);
        foreach (var run in _runs.Values)
        {
            if (run.Pid > 0)
            {
                Libc.Kill(-run.Pid, Libc.SIGKILL);
            }
        }
        var isClean = !OperatingSystem.IsLinux() || TreeEnder.EndAll(_mark, _time, s_patience);
        Libc.Close(_toWarden);
        Libc.Close(_fromWarden);
        Libc.Close(_wake.Read);
        Libc.Close(_wake.Write);
        EndRuns(isClean);
    }

    private void EndRuns(bool isClean)
    {
        var message = isClean ? "The warden died, and its programs were ended." : "The warden died, and not all of its programs could be ended.";
        foreach (var run in _runs.Values)
        {
            End(run, new ProcessExit { Reason = EndReason.WardenLost, Pid = run.Pid, Left = isClean ? 0 : 1, Message = message });
        }
        _ready.TrySetException(new IOException("The warden ended before it was ready: its command does not lead to a warden, or it crashed (see standard error)."));
        _ended.TrySetResult();
    }
}
