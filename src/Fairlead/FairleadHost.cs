using Fairlead.Engine;
using Fairlead.Processes.OwnProcess;
using Microsoft.Extensions.Hosting;

namespace Fairlead;

/// <summary>
/// Runs jobs for as long as the application does. Stopping drains: what runs may finish until the host's shutdown timeout, the rest is
/// asked to stop and handed back at no cost.
/// </summary>
public sealed class FairleadHost : IHostedService, IAsyncDisposable
{
    private readonly Node _node;
    private readonly OwnProcesses _processes;
    private readonly IServiceProvider _services;

    internal FairleadHost(Node node, OwnProcesses processes, IServiceProvider services) => (_node, _processes, _services) = (node, processes, services);

    /// <summary>The id under which this node claims; null before it has joined.</summary>
    public Storage.NodeId? Node => _node.Id;

    /// <summary>How many jobs this node holds now.</summary>
    public int InHand => _node.InHand;

    /// <inheritdoc />
    /// <exception cref="PlatformNotSupportedException">A queue has <see cref="QueueOptions.RunInOwnProcess" />, and this is Windows.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        ChildProcess.Current?.TakeOver(_services, isLast: true);
        await _processes.StartAsync(cancellationToken);
        await _node.StartAsync(cancellationToken);
    }

    /// <inheritdoc />
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _node.StopAsync(cancellationToken);
        await _processes.StopAsync();
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await _node.DisposeAsync();
        await _processes.DisposeAsync();
    }
}
