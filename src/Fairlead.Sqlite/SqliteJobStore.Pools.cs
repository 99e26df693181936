using Fairlead.Storage;

namespace Fairlead.Sqlite;

public sealed partial class SqliteJobStore
{
    /// <inheritdoc />
    public ValueTask DeclareAsync(NodeId node, NodeRegistration registration, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    /// <inheritdoc />
    public ValueTask ReportPoolsAsync(NodeId node, IReadOnlyList<PoolReport> pools, CancellationToken cancellationToken = default) => ValueTask.CompletedTask;

    /// <inheritdoc />
    public ValueTask<QueueDefinition?> ChangeQueueAsync(string queue, QueueChange? change, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    /// <inheritdoc />
    public ValueTask<int> EndWorkersAsync(string? worker, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<NodePool>> ListPoolsAsync(CancellationToken cancellationToken = default) => new([]);
}
