using System.Text;
using Fairlead.Engine;
using Fairlead.Processes;
using Microsoft.Extensions.Logging;

namespace Fairlead.Cli.Runs;

/// <summary>Runs a run's items.</summary>
internal sealed class RunWorker(RunPlan plan, CommandContext context, IRunDisplay display) : IWorker, IAsyncDisposable
{
    private Warden? _warden;
    private readonly SemaphoreSlim _s = new(1, 1);
    public bool EndsWork => true;

    public async Task<WorkResult> RunAsync(Attempt attempt, CancellationToken cancellationToken)
    {
        if (_warden is null)
        {
            await _s.WaitAsync(cancellationToken);
            _warden ??= await Warden.StartAsync(new WardenOptions(), context.Time, cancellationToken);
            _s.Release();
        }
        var line = RunLine.Read(attempt.Job.Payload);
        var exit = await _warden.RunAsync(new ProcessSpec { Arguments = plan.ArgumentsFor(line), Directory = plan.Directory, Input = Encoding.UTF8.GetBytes(line + "\n"), Timeout = plan.Timeout, KillAfter = plan.KillAfter }, new Out(attempt.Log, plan.Output, display), cancellationToken);
        return exit.Reason switch
        {
            EndReason.Exited when exit.ExitCode == 0 => new WorkResult.Completed(default),
            EndReason.TimedOut => new WorkResult.TimedOut("timed out"),
            EndReason.Stopped => new WorkResult.Stopped(),
            _ => new WorkResult.Failed(exit.Message + exit.ExitCode),
        };
    }

    public ValueTask DisposeAsync() => _warden?.DisposeAsync() ?? ValueTask.CompletedTask;

    private sealed class Out(IAttemptLog log, bool echo, IRunDisplay display) : IProcessOutput
    {
        public void Started(int pid)
        {
        }

        public void Wrote(bool isError, ReadOnlySpan<byte> bytes, long leftOut)
        {
            var text = Encoding.UTF8.GetString(bytes).TrimEnd('\n');
            log.Write(LogLevel.Information, text);
            if (echo)
            {
                display.Say(text);
            }
        }
    }
}
