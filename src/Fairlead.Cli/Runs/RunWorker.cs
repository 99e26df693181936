using Fairlead.Engine;
using Fairlead.Processes;

namespace Fairlead.Cli.Runs;

/// <summary>Runs a run's items as programs, under a warden that is started at once, while the items are still being read and enqueued.</summary>
internal sealed class RunWorker : IWorker, IAsyncDisposable
{
    private readonly RunPlan _plan;
    private readonly OutputEcho? _echo;
    private readonly Task<Warden> _warden;
    private ProcessWorker? _worker;

    public RunWorker(RunPlan plan, CommandContext context)
    {
        _plan = plan;
        _echo = plan.Output ? new OutputEcho(context.Output) : null;
        _warden = Warden.StartAsync(new WardenOptions { Command = Commands.WardenCommand.Line() }, context.Time);
    }

    public bool EndsWork => true;

    /// <summary>Waits until programs can be run.</summary>
    public async Task ReadyAsync()
    {
        try
        {
            _worker = new ProcessWorker(await _warden, new ProcessWorkerOptions
            {
                Program = _plan.Program[0],
                Arguments = [.. _plan.Program.Skip(1)],
                PayloadInArguments = true,
                Input = ProcessInput.Text,
                WorkingDirectory = _plan.Directory,
            });
        }
        catch (Exception error) when (error is IOException or TimeoutException or InvalidOperationException or PlatformNotSupportedException)
        {
            throw new CommandFailure($"Programs cannot be run here: {error.Message} See: fairlead doctor", inner: error);
        }
    }

    public async Task<WorkResult> RunAsync(Attempt attempt, CancellationToken cancellationToken)
    {
        var result = await _worker!.RunAsync(OfThisRun(attempt), cancellationToken);
        if (_echo is not null && result is WorkResult.Completed { Result.IsEmpty: false } done)
        {
            _echo.Result(done.Result);
        }
        return result;
    }

    public async ValueTask DisposeAsync()
    {
        if (await _warden.ContinueWith(static warden => warden.IsCompletedSuccessfully, TaskScheduler.Default))
        {
            await (await _warden).DisposeAsync();
        }
    }

    /// <summary>The grace after SIGTERM is the run's own, whatever queue it shares; its output is shown as well as kept.</summary>
    private Attempt OfThisRun(Attempt attempt) => new()
    {
        Job = attempt.Job,
        Queue = attempt.Queue with { KillAfter = _plan.KillAfter },
        Log = _echo?.Over(attempt.Log) ?? attempt.Log,
        Timeout = attempt.Timeout,
        StartedAt = attempt.StartedAt,
    };
}
