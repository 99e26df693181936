using System.Runtime.InteropServices;

namespace Fairlead.Processes;

/// <summary>
/// The warden's one loop: it waits for the node, for programs that start, write and end, and for the clock. Nothing in it blocks,
/// and nothing in it is held in memory beyond what a job may keep.
/// </summary>
internal sealed unsafe class WardenLoop
{
    private const int PipeSize = 64 * 1024;
    private const int LazyFlush = 5;
    private const long GiveUpAfter = 30_000;
    private const int NodeIn = 0, NodeOut = 1;

    private readonly TimeProvider _time;
    private readonly long _epoch;
    private readonly WardenHello _hello;
    private readonly BaseEnvironment _environment;
    private readonly CgroupYard? _yard;
    private readonly Starter _starter;
    private readonly Orphans _orphans;
    private readonly TreeEnder _ender;
    private readonly Dictionary<ulong, Ward> _wards = [];
    private readonly FrameReader _commands;
    private readonly FrameWriter _events = new();
    private readonly PollList _polls = new();
    private readonly List<Ward> _polled = [];
    private readonly byte* _buffer = (byte*)NativeMemory.Alloc(PipeSize);
    private long _now;
    private long _heardAt;
    private long _flushAt = Ward.Never;
    private long _sweepAt = Ward.Never;
    private bool _isSilent;
    private bool _isClosing;

    internal WardenLoop(WardenHello hello, FrameReader commands, Orphans orphans, TimeProvider time)
    {
        _time = time;
        _epoch = time.GetTimestamp();
        _hello = hello;
        _commands = commands;
        _orphans = orphans;
        _environment = new BaseEnvironment(hello.Environment);
        var containment = Ladder.Climb(hello.Rung, hello.Mark, time, out _yard);
        _starter = new Starter(_yard, containment.Rung >= Rung.Mark);
        _ender = new TreeEnder(containment.Rung, hello.Mark, _wards);
        Libc.SetNonBlocking(NodeIn);
        Libc.SetNonBlocking(NodeOut);
        _events.Begin(FrameType.Ready).Int32(WardenProtocol.Version).Int32(Libc.GetPid()).Byte((byte)containment.Rung).Text(containment.Detail).End();
    }

    /// <summary>Serves until the node is gone or says goodbye, and nothing of any job is left.</summary>
    internal void Run()
    {
        Obey();
        while (!_isClosing || _wards.Count > 0)
        {
            Flush();
            Wait();
            HearNode();
            TakeStarted();
            ServeWards();
            Sweep();
        }
        Flush();
        EndTheRest();
        _yard?.Clear();
    }

    private void Wait()
    {
        _polls.Clear();
        _polled.Clear();
        _polls.Add(_isClosing ? -1 : NodeIn, Libc.POLLIN);
        _polls.Add(_events.IsEmpty || _flushAt != Ward.Never ? -1 : NodeOut, Libc.POLLOUT);
        _polls.Add(_starter.ResultsFd, Libc.POLLIN);
        var wake = Math.Min(Math.Min(_flushAt, _sweepAt), _isSilent || _isClosing ? Ward.Never : _heardAt + _hello.Lease + 1);
        foreach (var ward in _wards.Values)
        {
            _polled.Add(ward);
            _polls.Add(ward.Output.Fd, Libc.POLLIN);
            _polls.Add(ward.Error.Fd, Libc.POLLIN);
            _polls.Add(ward.InputFd, Libc.POLLOUT);
            _polls.Add(ward.PidFd, Libc.POLLIN);
            wake = Math.Min(wake, WakeFor(ward));
        }
        _now = Now();
        _polls.Wait(wake == Ward.Never ? -1 : (int)Math.Clamp(wake - _now, 0, int.MaxValue));
        _now = Now();
    }

    /// <summary>Where the end of a process cannot be waited for, it is asked for every few milliseconds.</summary>
    private long WakeFor(Ward ward)
    {
        var wake = Math.Min(ward.DueAt, ward.LookAt);
        return ward is { IsStarted: true, HasExited: false, PidFd: < 0 } ? Math.Min(wake, _now + (ward.Output.Fd < 0 ? 1 : 20)) : wake;
    }

    private void HearNode()
    {
        if (_polls.Next() == 0)
        {
            CheckLease();
            return;
        }
        fixed (byte* free = _commands.Free())
        {
            var read = Libc.ReadAgain(NodeIn, free, _commands.Free().Length);
            if (read > 0)
            {
                _commands.Filled((int)read);
                _heardAt = _now;
                _isSilent = false;
                Obey();
            }
            else if (read == 0 || Libc.LastError != Libc.EAGAIN)
            {
                Close();
            }
        }
    }

    private void CheckLease()
    {
        if (_isSilent || _isClosing || _now - _heardAt <= _hello.Lease)
        {
            return;
        }
        _isSilent = true;
        EndAll(EndReason.Silenced);
    }

    private void Close()
    {
        _isClosing = true;
        EndAll(EndReason.Stopped);
    }

    private void Obey()
    {
        while (!_isClosing && _commands.TryTake(out var frame))
        {
            switch (frame.Type)
            {
                case FrameType.Start:
                    Start(ref frame);
                    break;
                case FrameType.Stop when _wards.TryGetValue((ulong)frame.Int64(), out var ward):
                    Stop(ward);
                    break;
                case FrameType.Heartbeat:
                    _orphans.Any();
                    _events.Begin(FrameType.Pulse).Int64(frame.Int64()).End();
                    _flushAt = Ward.Never;
                    break;
                case FrameType.Bye:
                    Close();
                    break;
            }
        }
    }

    private void Start(ref Frame frame)
    {
        var id = (ulong)frame.Int64();
        var mark = new JobMark((ulong)frame.Int64());
        var arguments = frame.List();
        var variables = frame.List();
        var directory = frame.Bytes();
        var (timeout, killAfter, keep) = (frame.Int64(), frame.Int64(), frame.Int32());
        var ward = new Ward { Id = id, Mark = mark, Timeout = timeout, KillAfter = Math.Max(killAfter, 0), Input = frame.Bytes().ToArray() };
        ward.Output.Kept = new KeptOutput(keep);
        ward.Error.Kept = new KeptOutput(keep);
        if (!TryConnect(ward, arguments, variables, directory))
        {
            Finish(ward, new ProcessExit { Reason = EndReason.NotStarted, Error = Libc.EMFILE, Message = Refusal.NoPipes });
            return;
        }
        ward.Pen = _yard?.Rent();
        _wards.Add(id, ward);
        _ender.Add(ward);
        _starter.Start(ward);
    }

    /// <summary>Makes its pipes, and fills the one it reads from: what fits there needs no more care. False when no pipe can be had.</summary>
    private bool TryConnect(Ward ward, byte[][] arguments, byte[][] variables, ReadOnlySpan<byte> directory)
    {
        var (input, output, error) = (Libc.Pipe(), Libc.Pipe(), Libc.Pipe());
        (ward.InputFd, ward.Output.Fd, ward.Error.Fd) = (input.Write, output.Read, error.Read);
        ward.Plan = new SpawnPlan(_environment, variables, arguments, directory) { InputFd = input.Read, OutputFd = output.Write, ErrorFd = error.Write };
        if (error.Read < 0 || output.Read < 0 || input.Read < 0)
        {
            ward.Plan.CloseDescriptors();
            return false;
        }
        Libc.SetNonBlocking(ward.InputFd);
        Libc.SetNonBlocking(ward.Output.Fd);
        Libc.SetNonBlocking(ward.Error.Fd);
        ward.FeedInput();
        return true;
    }

    private void Stop(Ward ward)
    {
        if (ward.Reason != EndReason.Exited)
        {
            return;
        }
        ward.Reason = EndReason.Stopped;
        if (ward.IsStarted)
        {
            Term(ward);
        }
    }

    private void Term(Ward ward)
    {
        ward.TermAt = _now;
        ward.DueAt = _now + ward.KillAfter;
        Libc.Kill(-ward.Pid, Libc.SIGTERM);
    }

    private void EndAll(EndReason reason)
    {
        foreach (var ward in _wards.Values)
        {
            ward.Reason = ward.Reason == EndReason.Exited ? reason : ward.Reason;
            if (ward.IsStarted)
            {
                BeginEnd(ward);
            }
        }
    }

    private void TakeStarted()
    {
        if (_polls.Skip(1).Next() == 0)
        {
            return;
        }
        _starter.Hear();
        while (_starter.TryTake(out var ward))
        {
            Began(ward!);
        }
    }

    private void Began(Ward ward)
    {
        var (arguments, directory) = ward.Pid == 0 ? Refusal.Names(ward.Plan!) : default;
        ward.Plan!.Dispose();
        ward.Plan = null;
        if (ward.Pid == 0)
        {
            Finish(ward, new ProcessExit { Reason = EndReason.NotStarted, Error = ward.StartError, Message = Refusal.Explain(ward.StartError, arguments!, directory!) });
            return;
        }
        ward.StartedAt = _now;
        ward.DueAt = ward.Timeout < 0 ? Ward.Never : _now + ward.Timeout;
        _flushAt = _events.IsEmpty ? _now + LazyFlush : _flushAt;
        _events.Begin(FrameType.Started).Int64((long)ward.Id).Int32(ward.Pid).End();
        if (_isClosing || ward.Reason == EndReason.Silenced)
        {
            BeginEnd(ward);
        }
        else if (ward.Reason == EndReason.Stopped)
        {
            Term(ward);
        }
    }

    private void ServeWards()
    {
        foreach (var ward in _polled)
        {
            Serve(ward, _polls.Next(), _polls.Next(), _polls.Next(), _polls.Next());
        }
    }

    private void Serve(Ward ward, short output, short error, short input, short exit)
    {
        if (!ward.IsStarted || ward.HasEnded)
        {
            return;
        }
        if (output != 0)
        {
            Pump(ward, ward.Output, 1);
        }
        if (error != 0)
        {
            Pump(ward, ward.Error, 2);
        }
        if (input != 0)
        {
            ward.FeedInput();
        }
        if (exit != 0 || (ward is { PidFd: < 0, HasExited: false } && Libc.HasExited(ward.Pid)))
        {
            Exited(ward);
        }
        if (!ward.HasEnded && (ward.DueAt <= _now || ward.LookAt <= _now))
        {
            Advance(ward);
        }
    }

    /// <summary>Reads once; true when there may be more.</summary>
    private bool Pump(Ward ward, WardOutput output, byte stream)
    {
        if (output.Fd < 0)
        {
            return false;
        }
        var read = Libc.ReadAgain(output.Fd, _buffer, PipeSize);
        if (read > 0)
        {
            Send(ward, stream, output.Kept!.Take(new ReadOnlySpan<byte>(_buffer, (int)read)), 0);
            return true;
        }
        if (read == 0 || Libc.LastError != Libc.EAGAIN)
        {
            output.Close();
        }
        return false;
    }

    private void Send(Ward ward, byte stream, ReadOnlySpan<byte> bytes, long leftOut)
    {
        if (bytes.IsEmpty && leftOut == 0)
        {
            return;
        }
        _flushAt = Ward.Never;
        _events.Begin(FrameType.Output).Int64((long)ward.Id).Byte(stream).Int64(leftOut).Bytes(bytes).End();
    }

    private void Exited(Ward ward)
    {
        ward.HasExited = true;
        ward.LookAt = _now;
        if (ward.PidFd >= 0)
        {
            Libc.Close(ward.PidFd);
            ward.PidFd = -1;
        }
    }

    private void Advance(Ward ward)
    {
        if (ward.HasExited && !_orphans.Any())
        {
            Finish(ward, 0);
        }
        else if (ward.IsEnding)
        {
            Look(ward);
        }
        else if (ward.HasExited && ward.TermAt != Ward.Never && _now < ward.DueAt && _ender.GroupLives(ward))
        {
            // A shell dies of SIGTERM at once; the program it started has the same time to end well as if it had been started alone.
            ward.LookAt = _now + 10;
        }
        else if (ward.HasExited || ward.TermAt != Ward.Never)
        {
            BeginEnd(ward);
        }
        else if (ward.DueAt <= _now)
        {
            ward.Reason = EndReason.TimedOut;
            Term(ward);
        }
    }

    private void BeginEnd(Ward ward)
    {
        if (!ward.IsEnding)
        {
            ward.IsEnding = true;
            ward.DueAt = _now + GiveUpAfter;
            Look(ward);
        }
    }

    /// <summary>Kills what is left; the job has ended when two looks in a row find nothing: one alone can be overtaken by a fork.</summary>
    private void Look(Ward ward)
    {
        var living = _ender.Kill(ward);
        if (living > 0 && ward.KilledAt == Ward.Never)
        {
            ward.KilledAt = _now;
        }
        var empty = living == 0 && ward.HasExited && ward.Pen is not { IsPopulated: true };
        ward.EmptyLooks = empty ? ward.EmptyLooks + 1 : 0;
        if (ward.EmptyLooks >= 2 || (ward.HasExited && !_orphans.Any()))
        {
            Finish(ward, 0);
        }
        else if (ward.DueAt <= _now)
        {
            Finish(ward, living);
        }
        else
        {
            ward.LookAt = _now + Math.Min(1 + ward.Looks++ / 4, 50);
        }
    }

    private void Finish(Ward ward, int left)
    {
        DrainOutput(ward, ward.Output, 1);
        DrainOutput(ward, ward.Error, 2);
        var status = ward.HasExited ? Reap(ward.Pid) : -1;
        var signal = status & 0x7f;
        Finish(ward, new ProcessExit
        {
            Reason = ward.Reason,
            Pid = ward.Pid,
            ExitCode = status < 0 || signal != 0 ? -1 : (status >> 8) & 0xff,
            Signal = status < 0 ? 0 : signal,
            Elapsed = TimeSpan.FromMilliseconds(_now - ward.StartedAt),
            TermAfter = Since(ward, ward.TermAt),
            KillAfter = Since(ward, ward.KilledAt),
            Killed = ward.Killed.Count,
            Left = left,
        });
    }

    private void Finish(Ward ward, ProcessExit exit)
    {
        _flushAt = Ward.Never;
        ProcessExit.Write(_events, ward.Id, exit);
        if (ward.Pen is { } pen)
        {
            _yard!.Return(pen);
        }
        ward.HasEnded = true;
        _wards.Remove(ward.Id);
        _ender.Remove(ward);
        ward.Dispose();
        _sweepAt = exit.Left > 0 || _ender.HasStrangers || _wards.Count == 0 && exit.Killed > 0 ? _now : _sweepAt;
    }

    /// <summary>Nobody who writes is left, but for those who were given the pipe from outside: what is in it now is all.</summary>
    private void DrainOutput(Ward ward, WardOutput output, byte stream)
    {
        for (var i = 0; i < 64 && Pump(ward, output, stream); i++)
        {
        }
        var kept = output.Kept!;
        kept.Tail(out var older, out var newer);
        Send(ward, stream, older, kept.LeftOut);
        Send(ward, stream, newer, 0);
    }

    private static TimeSpan? Since(Ward ward, long at) => at == Ward.Never ? null : TimeSpan.FromMilliseconds(at - ward.StartedAt);

    private static int Reap(int pid)
    {
        int status;
        return Libc.WaitPid(pid, &status, 0) == pid ? status : -1;
    }

    /// <summary>Ends what no running job can own, until there is nothing of the kind.</summary>
    private void Sweep()
    {
        if (_sweepAt > _now)
        {
            return;
        }
        _sweepAt = _orphans.Any() && _ender.KillLeftovers() ? _now + 20 : Ward.Never;
    }

    /// <summary>No job is left: whatever is still below this process is nobody's.</summary>
    private void EndTheRest()
    {
        for (var i = 0; i < 1000 && _orphans.Any() && _ender.KillLeftovers(); i++)
        {
            Libc.Pause(1 + i / 10);
        }
    }

    private void Flush()
    {
        if (_events.IsEmpty || _flushAt > _now && _flushAt != Ward.Never)
        {
            return;
        }
        _flushAt = Ward.Never;
        var pending = _events.Pending;
        fixed (byte* start = pending)
        {
            var written = Libc.WriteAgain(NodeOut, start, pending.Length);
            if (written > 0)
            {
                _events.Consume((int)written);
            }
            else if (Libc.LastError != Libc.EAGAIN)
            {
                _events.Clear();
                Close();
            }
        }
    }

    private long Now() => (long)_time.GetElapsedTime(_epoch).TotalMilliseconds;
}
