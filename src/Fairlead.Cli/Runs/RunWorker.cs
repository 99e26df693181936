using Fairlead.Engine;

namespace Fairlead.Cli.Runs;

/// <summary>Runs a run's items.</summary>
internal sealed class RunWorker(RunPlan plan, CommandContext context, IRunDisplay display) : IWorker, IAsyncDisposable
{
    public bool EndsWork => true;

    public Task<WorkResult> RunAsync(Attempt attempt, CancellationToken cancellationToken) =>
        Task.FromResult<WorkResult>(new WorkResult.Failed($"{plan.Kind}{context}{display}"));

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
