using Fairlead.Engine;
using Fairlead.Storage;
using Microsoft.Extensions.Logging;

namespace Fairlead.Processes.Pools;

/// <summary>
/// Processes that each work at many jobs, one after the other (<c>protocol: stream</c>). A job goes to a process that has nothing to do, else to a new
/// one if there may be more, else it stands in line; with a prefetch it stands in line behind the job that a process works at.
/// </summary>
internal sealed partial class StreamPool : ProcessPool
{
    /// <summary>A turn that takes longer has its deadline kept by the process's parent too, whatever becomes of this node; quicker ones are not worth a word to it.</summary>
    private static readonly TimeSpan Brief = TimeSpan.FromMilliseconds(50);

    private readonly LinkedList<StreamTurn> _line = new();
    private bool _keepsTime;

    public StreamPool(PoolSetup setup, PoolOptions options, QueueDefinition queue)
        : base(setup, options, queue)
    {
    }

    /// <inheritdoc />
    public override bool TakesTurns => true;

    /// <inheritdoc />
    public override bool ServesALine
    {
        get
        {
            lock (Gate)
            {
                return Processes.Any(static process => process.Ending is null);
            }
        }
    }

    /// <inheritdoc />
    protected override int CapacityNow
    {
        get
        {
            var capacity = _line.Count + Startable * Math.Min(Options.Prefetch, Options.MaxJobs ?? Options.Prefetch);
            foreach (var process in Processes)
            {
                capacity += process.Hand.Count + RoomIn(process);
            }
            return capacity;
        }
    }

    /// <inheritdoc />
    protected override IEnumerable<TimeSpan> Running =>
        Processes.Where(static process => process.Head is { BeganAt: > 0 }).Select(process => Time.GetElapsedTime(process.Head!.BeganAt));

    private IEnumerable<StreamProcess> Processes => Workers.Cast<StreamProcess>();

    /// <summary>A line may hold the largest payload or result, and what stands around it.</summary>
    private int LongestLine => Queue.MaxPayload + 64 * 1024;

    /// <inheritdoc />
    public override async Task<WorkResult> RunAsync(Attempt attempt, CancellationToken cancellationToken)
    {
        var turn = new StreamTurn(attempt, Secrets.Over(attempt.Log));
        Do(() =>
        {
            _line.AddLast(turn);
            Feed();
        });
        using var stop = cancellationToken.Register(() => Do(() => Stop(turn)));
        return await turn.Ended;
    }

    /// <summary>Gives what stands in line to processes, starting those that may be started.</summary>
    private void Feed()
    {
        while (_line.First is { } first && (Idle() ?? Launch() ?? LeastLoaded()) is { } process)
        {
            _line.RemoveFirst();
            Give(process, first.Value);
        }
        if (_line.Count > 0 && !MayWaitInLine)
        {
            HandBackLine("No process of its queue may be started on this node now.");
        }
    }

    /// <summary>What stands in line is held back from other nodes: only where a process takes it soon, or a place is about to be free.</summary>
    private bool MayWaitInLine =>
        Processes.Any(static process => process.Ending is null) || (Places.Taken > 0 && !IsClosed && !BacksOff && Options.Cooldown == TimeSpan.Zero);

    private void HandBackLine(string reason)
    {
        while (_line.First is { } first)
        {
            _line.RemoveFirst();
            End(first.Value, new WorkResult.NotBegun(reason));
        }
    }

    private StreamProcess? Idle() => Processes.FirstOrDefault(static process => process is { Ending: null, Head: null });

    private StreamProcess? LeastLoaded() => Options.Prefetch == 1
        ? null
        : Processes.Where(process => RoomIn(process) > 0).MinBy(static process => process.Hand.Count);

    /// <summary>How many more jobs it may be given now.</summary>
    private int RoomIn(StreamProcess process) =>
        process.Ending is not null ? 0 : (int)Math.Min(Options.Prefetch - process.Hand.Count, (Options.MaxJobs ?? long.MaxValue) - process.Jobs - process.Hand.Count);

    private void Give(StreamProcess process, StreamTurn turn)
    {
        var isHead = process.Head is null;
        if (isHead && process.IsReady && !Begin(process, turn))
        {
            // Nothing was said about it to any process: it can be given back.
            End(turn, new WorkResult.Stopped());
            return;
        }
        turn.Deadline = DeadlineOf(turn.Attempt, process.Hand.Count > 0 ? process.Hand[^1].Deadline : Setup.Time.GetUtcNow());
        process.Give(turn, Options.ToOwnProgram);
    }

    /// <summary>Its turn has come: its time counts from now.</summary>
    private bool Begin(StreamProcess process, StreamTurn turn)
    {
        turn.BeganAt = Time.GetTimestamp();
        if (process.Head is null || process.Head == turn)
        {
            process.LiftDeadline(Queue.KillAfter);
        }
        if (!turn.Attempt.Begin())
        {
            return false;
        }
        KeepTimeOf(turn);
        return true;
    }

    private void KeepTimeOf(StreamTurn turn)
    {
        if (LimitOf(turn) < TimeSpan.MaxValue)
        {
            LookSoon();
        }
    }

    /// <summary>The pool is looked at when it is due, once for all that asks for it until then.</summary>
    private void LookSoon()
    {
        if (!_keepsTime)
        {
            _keepsTime = true;
            Afterwards(() => Stirred?.Invoke());
        }
    }

    private TimeSpan LimitOf(StreamTurn turn) => Options.MaxRuntime is { } most && most < turn.Attempt.Timeout ? most : turn.Attempt.Timeout;

    /// <summary>By when it must have ended, if all that is before it takes as long as it may.</summary>
    private DateTimeOffset DeadlineOf(Attempt attempt, DateTimeOffset turn)
    {
        var most = attempt.TimeOfItsOwn < (Options.MaxRuntime ?? TimeSpan.MaxValue) ? attempt.TimeOfItsOwn : Options.MaxRuntime;
        return most < attempt.Job.Deadline - turn ? turn + most.Value : attempt.Job.Deadline;
    }

    private StreamProcess? Launch()
    {
        if (Startable == 0)
        {
            return null;
        }
        var process = new StreamProcess(Setup.Ids.Next(Label), Time.GetUtcNow(), Time.GetTimestamp(), LongestLine) { IsReady = Options.ToOwnProgram is null };
        Take(process);
        process.Process = Setup.Host.Start(Spec(), new Ear(this, process));
        Afterwards(() => _ = WatchAsync(process));
        return process;
    }

    private ProcessSpec Spec() => new()
    {
        Arguments = Options.Run,
        Environment = [new("FAIRLEAD_QUEUE", Queue.Name), .. Options.Environment],
        Directory = Options.Directory,
        IsConversation = true,
        KillAfter = Queue.KillAfter,
    };

    private async Task WatchAsync(StreamProcess process)
    {
        var exit = await process.Process!.Exit;
        Do(() =>
        {
            process.Output.Finish(line => Hear(process, line));
            process.Error.Finish(line => HearError(process, line));
            Ended(process, exit);
            Feed();
        });
    }

    /// <summary>The attempt is to stop: out of the line at once, or, where a process has it, by asking that.</summary>
    private void Stop(StreamTurn turn)
    {
        if (_line.Remove(turn))
        {
            End(turn, new WorkResult.Stopped());
            return;
        }
        if (Processes.FirstOrDefault(process => process.Holds(turn)) is { } process && turn.CancelledAt == 0)
        {
            Cancel(process, turn);
        }
    }

    private void Cancel(StreamProcess process, StreamTurn turn)
    {
        turn.CancelledAt = Time.GetTimestamp();
        process.Cancel(turn);
        _keepsTime = true;
        Afterwards(() => Stirred?.Invoke());
    }

    /// <summary>What became of a job in a process's hands.</summary>
    private void Complete(StreamProcess process, StreamTurn turn, WorkResult result)
    {
        var wasHead = process.Head == turn;
        if (turn.BeganAt == 0)
        {
            // A process that works at several at once may answer one before its turn.
            Begin(process, turn);
        }
        process.Remove(turn);
        process.Jobs++;
        Worked();
        Record.JobEnded(Time.GetElapsedTime(turn.BeganAt));
        End(turn, result);
        if (wasHead)
        {
            NextTurn(process);
        }
        Feed();
    }

    private void NextTurn(StreamProcess process)
    {
        if (Options.MaxJobs <= process.Jobs)
        {
            Retire(process, WorkerEnd.MaxJobs);
        }
        if (process.Head is not { } next)
        {
            process.IdleSince = Time.GetTimestamp();
            process.LiftDeadline(Queue.KillAfter);
            LetGo(process);
            LookSoon();
        }
        else if (next.BeganAt == 0 && !process.IsDoomed)
        {
            BeginOrCancel(process, next);
        }
    }

    /// <summary>The turn has come of a job that its process has already.</summary>
    private void BeginOrCancel(StreamProcess process, StreamTurn turn)
    {
        if (Begin(process, turn))
        {
            return;
        }
        if (turn.CancelledAt == 0)
        {
            Cancel(process, turn);
        }
        else
        {
            // What it was asked before its turn it may read only now.
            Afterwards(() => Stirred?.Invoke());
        }
    }

    /// <summary>It gets no further job, and goes when its hands are empty.</summary>
    private void Retire(StreamProcess process, WorkerEnd why)
    {
        process.Ending ??= why;
        LetGo(process);
    }

    private void LetGo(StreamProcess process)
    {
        if (process is { Ending: not null, Head: null, ClosedAt: 0 })
        {
            process.ClosedAt = Time.GetTimestamp();
            process.Process!.CloseInput();
            _keepsTime = true;
            Afterwards(() => Stirred?.Invoke());
        }
    }

    private void End(StreamTurn turn, WorkResult result)
    {
        turn.Release(null);
        EndWhenSettled(turn, result);
    }

    /// <inheritdoc />
    protected override void AfterObeying()
    {
        foreach (var process in Processes.Where(static process => process is { Ending: null, Head: null }).Take(Math.Max(TooMany, 0)).ToArray())
        {
            Retire(process, WorkerEnd.Idle);
        }
        Feed();
    }

    /// <inheritdoc />
    protected override void AfterClosing()
    {
        foreach (var process in Processes.ToArray())
        {
            Retire(process, WorkerEnd.NodeStopped);
        }
        HandBackLine("Its queue's workers were replaced before its turn came.");
    }

    /// <summary>Hears one process: that it runs, what it writes, that it closed its output.</summary>
    private sealed class Ear(StreamPool pool, StreamProcess process) : IProcessOutput
    {
        public void Started(int pid) => pool.Spawned(process, pid);

        public void Wrote(bool isError, ReadOnlySpan<byte> bytes, long leftOut)
        {
            if (isError)
            {
                pool.Do(bytes, part => process.Error.Read(part, line => pool.HearError(process, line)));
            }
            else
            {
                pool.Do(bytes, part =>
                {
                    process.Output.Read(part, line => pool.Hear(process, line));
                    pool.PunishLongLine(process);
                });
            }
        }

        public void Closed(bool isError)
        {
            if (!isError)
            {
                pool.Do(() => pool.FallSilent(process));
            }
        }
    }
}
