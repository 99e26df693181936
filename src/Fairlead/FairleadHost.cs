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
    private readonly IServiceProvider? _services;

    internal FairleadHost(Node node, IServiceProvider? services = null) => (_node, _services) = (node, services);

    /// <summary>The id under which this node claims; null before it has joined.</summary>
    public Storage.NodeId? Node => _node.Id;

    /// <summary>How many jobs this node holds now.</summary>
    public int InHand => _node.InHand;

    /// <inheritdoc />
    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (_services is not null)
        {
            ChildProcess.Current?.TakeOver(_services, isLast: true);
        }
        return _node.StartAsync(cancellationToken);
    }

    /// <inheritdoc />
    public Task StopAsync(CancellationToken cancellationToken) => _node.StopAsync(cancellationToken);

    /// <inheritdoc />
    public ValueTask DisposeAsync() => _node.DisposeAsync();
}
