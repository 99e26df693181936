using Fairlead.Engine;

namespace Fairlead.Cli.Serving;

/// <summary>Gives back what a claim brought of a queue that was taken out of the file meanwhile.</summary>
internal sealed class UnservedWorker : IWorker
{
    public bool EndsWork => true;

    public Task<WorkResult> RunAsync(Attempt attempt, CancellationToken cancellationToken) =>
        Task.FromResult<WorkResult>(new WorkResult.NotBegun("This node does not serve its queue any more."));
}
