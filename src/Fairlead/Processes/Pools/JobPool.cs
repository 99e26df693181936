using Fairlead.Engine;
using Fairlead.Storage;

namespace Fairlead.Processes.Pools;

/// <summary>One process for each attempt (<c>protocol: job</c>).</summary>
internal sealed class JobPool : ProcessPool
{
    private const int NotExecutable = 126, NotFound = 127;

    /// <summary>What is killed so soon after its start counts as never having worked.</summary>
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(2);

    private readonly ProcessWorkerOptions _options;
    private readonly JobProgram _program;

    public JobPool(PoolSetup setup, PoolOptions options, QueueDefinition queue)
        : base(setup, options, queue)
    {
        _options = new ProcessWorkerOptions
        {
            Program = options.Run[0],
            Arguments = [.. options.Run.Skip(1)],
            WorkingDirectory = options.Directory,
            Environment = options.Environment,
            // A result may be as large as the payload it becomes.
            KeepOutput = Math.Max(512 * 1024, 2 * queue.MaxPayload + 64 * 1024),
        };
        _program = new JobProgram(_options);
    }

    /// <inheritdoc />
    public override bool TakesTurns => false;

    /// <inheritdoc />
    protected override int CapacityNow => Places.Taken + Startable;

    /// <inheritdoc />
    protected override IEnumerable<TimeSpan> Running => Workers.Select(worker => Time.GetElapsedTime(worker.StartedTimestamp));

    /// <inheritdoc />
    public override async Task<WorkResult> RunAsync(Attempt attempt, CancellationToken cancellationToken)
    {
        if (Begin(attempt) is not { } run)
        {
            return new WorkResult.NotBegun("There was no place for one more process when it came.");
        }
        var output = new JobOutput(attempt.Log, _options.KeepOutput, Secrets.Of);
        run.Process = Setup.Host.Start(SpecFor(attempt), new SpawnedOutput(output, pid => Spawned(run, pid)));
        ProcessExit exit;
        using (cancellationToken.Register(() => Do(() => EndNow(run, WorkerEnd.Cancelled))))
        {
            EndIfTold(run);
            exit = await run.Process.Exit;
        }
        var result = Masked(Judge(run, attempt, exit, output));
        Do(() => Ended(run, exit, result));
        return result;
    }

    private JobRun? Begin(Attempt attempt)
    {
        JobRun? run = null;
        Do(() =>
        {
            if (Startable > 0)
            {
                Take(run = new JobRun(attempt.Job.Key.Job, Setup.Ids.Next(Label), Time.GetUtcNow(), Time.GetTimestamp()));
            }
        });
        return run;
    }

    private ProcessSpec SpecFor(Attempt attempt)
    {
        var spec = _program.Specify(attempt)!;
        return Options.MaxRuntime is { } most && !(spec.Timeout < most) ? spec with { Timeout = most } : spec;
    }

    /// <summary>It may have been told to end between its place and its process.</summary>
    private void EndIfTold(JobRun run) => Do(() =>
    {
        if (run.Ending is { } why)
        {
            EndNow(run, why);
        }
    });

    private WorkResult Judge(JobRun run, Attempt attempt, ProcessExit exit, JobOutput output)
    {
        var result = output.Finish(exit is { Reason: EndReason.Exited, ExitCode: 0 });
        return (exit.Reason, run.Ending) switch
        {
            (EndReason.NotStarted, _) => new WorkResult.NotBegun(exit.Message),
            (EndReason.Stopped or EndReason.TimedOut, WorkerEnd.MaxMemory) => new WorkResult.Failed(MemoryError(run)),
            (EndReason.Stopped, WorkerEnd.Ended) => new WorkResult.Lost($"An operator ended its worker: {JobProgram.Ending(exit)}"),
            (EndReason.TimedOut, _) when Options.MaxRuntime < attempt.Timeout => new WorkResult.TimedOut($"It ran for the max_runtime of its queue: {JobProgram.Ending(exit)}"),
            _ => JobProgram.Judge(exit, result, output.LastError),
        };
    }

    private WorkResult Masked(WorkResult result) => result switch
    {
        WorkResult.Failed failed => failed with { Error = Secrets.Of(failed.Error) },
        WorkResult.TimedOut timeout => timeout with { Error = Secrets.Of(timeout.Error) },
        WorkResult.Lost lost => lost with { Error = Secrets.Of(lost.Error) },
        WorkResult.Deferred { Reason: { } reason } later => later with { Reason = Secrets.Of(reason) },
        WorkResult.NotBegun none => none with { Reason = Secrets.Of(none.Reason) },
        _ => result,
    };

    private void Ended(JobRun run, ProcessExit exit, WorkResult result)
    {
        var why = WhyOf(run, exit);
        // A program that could not even be found is no worker, whatever a shell makes of it; one that is killed after a while has worked.
        run.Jobs += why == WorkerEnd.NotStarted || (why == WorkerEnd.Crashed && exit.Elapsed < Soon) || exit.ExitCode is NotExecutable or NotFound ? 0 : 1;
        if (why != WorkerEnd.NotStarted)
        {
            Record.JobEnded(exit.Elapsed);
        }
        Gone(run, run.Jobs == 0 && why == WorkerEnd.JobEnded ? WorkerEnd.Crashed : why, why switch
        {
            WorkerEnd.NotStarted => exit.Message,
            WorkerEnd.Crashed or WorkerEnd.MaxMemory => TextOf(result),
            _ when run.Jobs == 0 => TextOf(result),
            _ => null,
        });
    }

    private static string TextOf(WorkResult result) => result switch
    {
        WorkResult.Failed failed => failed.Error,
        WorkResult.Lost lost => lost.Error,
        _ => result.ToString(),
    };

    private WorkerEnd WhyOf(JobRun run, ProcessExit exit) => exit.Reason switch
    {
        EndReason.NotStarted => WorkerEnd.NotStarted,
        EndReason.Exited when exit.Signal != 0 => WorkerEnd.Crashed,
        EndReason.Exited => WorkerEnd.JobEnded,
        EndReason.Stopped or EndReason.TimedOut when run.Ending is { } why => why,
        EndReason.TimedOut => Options.MaxRuntime is { } most && exit.TermAfter >= most ? WorkerEnd.MaxRuntime : WorkerEnd.TimedOut,
        _ => WorkerEnd.NodeStopped,
    };

    private sealed class JobRun(JobId job, string id, DateTimeOffset startedAt, long timestamp) : PoolWorker(id, startedAt, timestamp)
    {
        public override JobId? Job => job;
    }
}
