using Fairlead.Engine;

namespace Fairlead.Cli.Serving;

/// <summary>What a node whose queues all have pools runs jobs of other queues by: not at all.</summary>
internal sealed class UnservedWorker : IWorker
{
    public bool EndsWork => true;

    public Task<WorkResult> RunAsync(Attempt attempt, CancellationToken cancellationToken) =>
        Task.FromResult<WorkResult>(new WorkResult.NotBegun("This node does not serve its queue any more."));
}
