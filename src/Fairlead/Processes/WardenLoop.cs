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
    private const int LongestLook = 10;
    private const long GiveUpAfter = 30_000;
    private const int NodeOut = 1;

    private readonly TimeProvider _time;
    private readonly long _epoch;
    private readonly WardenHello _hello;
    private readonly CgroupYard? _yard;
    private readonly Intake _intake;
    private readonly Orphans _orphans;
    private readonly TreeEnder _ender;
    private readonly Dictionary<ulong, Ward> _wards = [];
    private readonly FrameWriter _events = new();
    private readonly int _emptyLooksNeeded;
    private readonly PollList _polls = new();
    private readonly List<Ward> _polled = [];
    private readonly byte* _buffer = (byte*)NativeMemory.Alloc(PipeSize);
    private long _now;
    private long _flushAt = Ward.Never;
    private long _sweepAt = Ward.Never;
    private bool _isSilent;
    private bool _isClosing;

    internal WardenLoop(WardenHello hello, FrameReader commands, Orphans orphans, TimeProvider time)
    {
        _time = time;
        _epoch = time.GetTimestamp();
        _hello = hello;
        _orphans = orphans;
        var containment = Ladder.Climb(hello.Rung, hello.Mark, time, out _yard);
        Leftovers.End(byEnvironment: containment.Rung < Rung.Mark, time);
        _intake = new Intake(commands, new BaseEnvironment(hello.Environment), _yard, containment.Rung >= Rung.Mark, Now);
        // One look is a proof only where the dead carry marks and are handed to us.
        _emptyLooksNeeded = containment.Rung >= Rung.Mark && orphans.IsExact ? 1 : 3;
        _ender = new TreeEnder(containment.Rung, hello.Mark, _wards, Admit);
        Libc.SetNonBlocking(NodeOut);
        _events.Begin(FrameType.Ready).Int32(WardenProtocol.Version).Int32(Libc.GetPid()).Byte((byte)containment.Rung).Text(containment.Detail).End();
    }

    /// <summary>Serves until the node is gone or says goodbye, and nothing of any job is left.</summary>
    internal void Run()
    {
        _intake.Open();
        while (!_isClosing || _wards.Count > 0)
        {
            Flush();
            Wait();
            HearNode();
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
        _polls.Add(_isClosing ? -1 : Intake.NodeIn, 0);
        _polls.Add(_events.IsEmpty || _flushAt != Ward.Never ? -1 : NodeOut, Libc.POLLOUT);
        _polls.Add(_intake.BellFd, Libc.POLLIN);
        var wake = Math.Min(Math.Min(_flushAt, _sweepAt), _isSilent || _isClosing ? Ward.Never : _intake.HeardAt + _hello.Lease + 1);
        foreach (var ward in _wards.Values)
        {
            if (!ward.IsStarted)
            {
                continue;
            }
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
        return ward is { IsStarted: true, HasExited: false, PidFd: < 0 } ? Math.Min(wake, _now + (ward.Output.Fd < 0 && ward.Pipes.Length == 0 ? 1 : 20)) : wake;
    }

    /// <summary>That its pipe is closed is seen here too, since the intake may be held up by the start of a program.</summary>
    private void HearNode()
    {
        var isGone = _polls.Next() != 0;
        if (_polls.Skip(1).Next() != 0)
        {
            _intake.Silence();
            Admit();
            while (_intake.TryHear(out var news))
            {
                Heed(news);
            }
        }
        if (isGone)
        {
            Close();
        }
        CheckLease();
    }

    private void Heed(News news)
    {
        switch (news.Kind)
        {
            case NewsKind.Began:
                Began(news.Ward!);
                break;
            case NewsKind.Stop when _wards.TryGetValue(news.Id, out var ward):
                Stop(ward);
                break;
            case NewsKind.Deadline when _wards.TryGetValue(news.Id, out var ward):
                SetDeadline(ward, news.TermAt, news.KillAfter);
                break;
            case NewsKind.Beat:
                _orphans.Any();
                _events.Begin(FrameType.Pulse).Int64(0).End();
                _flushAt = Ward.Never;
                break;
            case NewsKind.Closed:
                Close();
                break;
        }
    }

    /// <summary>Takes the programs that are about to be started into care.</summary>
    private void Admit()
    {
        while (_intake.TryAdmit(out var ward))
        {
            _wards.Add(ward!.Id, ward);
            _ender.Add(ward);
        }
    }

    private void CheckLease()
    {
        var wasSilent = _isSilent;
        _isSilent = !_isClosing && _now - _intake.HeardAt > _hello.Lease;
        if (_isSilent && !wasSilent)
        {
            EndAll(EndReason.Silenced);
        }
    }

    private void Close()
    {
        if (!_isClosing)
        {
            _isClosing = true;
            _intake.Close();
            Admit();
            EndAll(EndReason.Stopped);
        }
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
            Term(ward, ward.KillAfter);
        }
    }

    private static void SetDeadline(Ward ward, long termAt, long killAfter)
    {
        if (ward is { TermAt: Ward.Never, IsEnding: false })
        {
            (ward.DueAt, ward.DeadlineKillAfter) = (termAt, killAfter);
        }
    }

    private void Term(Ward ward, long killAfter)
    {
        ward.TermAt = _now;
        ward.DueAt = _now + killAfter;
        Libc.Kill(-ward.Pid, Libc.SIGTERM);
    }

    private void EndAll(EndReason reason)
    {
        // A copy: ending one may find that others were admitted meanwhile.
        foreach (var ward in _wards.Values.ToArray())
        {
            ward.Reason = ward.Reason == EndReason.Exited ? reason : ward.Reason;
            if (ward.IsStarted)
            {
                BeginEnd(ward);
            }
        }
    }

    private void Began(Ward ward)
    {
        if (ward.StartError != 0)
        {
            Finish(ward, new ProcessExit { Reason = EndReason.NotStarted, Error = ward.StartError, Message = ward.Refusal });
            return;
        }
        ward.Pid = ward.NewPid;
        ward.DueAt = ward.Timeout < 0 ? Ward.Never : ward.StartedAt + ward.Timeout;
        // Of a program that is talked to nothing is heard before this.
        _flushAt = ward.Pipes.Length > 0 ? Ward.Never : _events.IsEmpty ? _now + LazyFlush : _flushAt;
        _events.Begin(FrameType.Started).Int64((long)ward.Id).Int32(ward.Pid).End();
        if (_isClosing || ward.Reason == EndReason.Silenced)
        {
            BeginEnd(ward);
        }
        else if (ward.Reason == EndReason.Stopped)
        {
            Term(ward, ward.KillAfter);
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
        if (ward.HasEnded)
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
            Term(ward, ward.DeadlineKillAfter);
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

    /// <summary>Kills what is left, and looks again until a look finds nothing.</summary>
    private void Look(Ward ward)
    {
        _orphans.Any();
        _orphans.Forget(ward.Mark);
        var living = _ender.Kill(ward);
        if (living > 0 && ward.KilledAt == Ward.Never)
        {
            ward.KilledAt = _now;
        }
        var others = _orphans.Any();
        ward.EmptyLooks = living == 0 && ward.HasExited && IsProven(ward) ? ward.EmptyLooks + 1 : 0;
        if (ward.HasExited && (!others || ward.EmptyLooks >= _emptyLooksNeeded))
        {
            Finish(ward, 0);
        }
        else if (ward.DueAt <= _now)
        {
            Finish(ward, Math.Max(living, 1));
        }
        else
        {
            ward.LookAt = _now + Math.Min(1 + ward.Looks++ / 4, LongestLook);
        }
    }

    /// <summary>A look alone can be overtaken by what forks and leaves; that is reaped meanwhile, though, or sits in the job's cgroup.</summary>
    private bool IsProven(Ward ward)
    {
        var wasThere = _orphans.Reaped(ward.Mark);
        if (wasThere && ward.Looks > 1)
        {
            _ender.KillYoungest(ward.Mark);
        }
        return !wasThere && ward.Pen is not { IsPopulated: true };
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
        _orphans.Forget(ward.Mark);
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
        var quiet = 0;
        for (var until = Now() + GiveUpAfter; _ender.SeesTrees && _orphans.Any() && Now() < until && quiet < 3;)
        {
            quiet = _ender.KillLeftovers() || _orphans.IsExact ? 0 : quiet + 1;
            _ender.KillYoungestOfAll();
            Libc.Pause(1);
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
