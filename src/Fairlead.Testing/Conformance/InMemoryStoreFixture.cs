using Fairlead.Storage;

namespace Fairlead.Testing.Conformance;

/// <summary>The in-memory store as conformance cases see it: several views of one memory stand for several processes.</summary>
public sealed class InMemoryStoreFixture : IStoreFixture
{
    private InMemoryJobStore? _memory;

    /// <inheritdoc />
    public ValueTask<IJobStore> OpenAsync(TimeProvider clock) => new(new Process(_memory ??= new(clock)));

    /// <inheritdoc />
    public ValueTask KillAsync(IJobStore store)
    {
        ((Process)store).Kill();
        return default;
    }

    /// <inheritdoc />
    public ValueTask DisposeAsync() => default;

    private sealed class Process(InMemoryJobStore memory) : DelegatingJobStore(memory)
    {
        private readonly List<NodeId> _nodes = [];

        public override async ValueTask<NodeLease> JoinAsync(NodeRegistration registration, CancellationToken cancellationToken = default)
        {
            var lease = await base.JoinAsync(registration, cancellationToken);
            _nodes.Add(lease.Node);
            return lease;
        }

        public void Kill() => _nodes.ForEach(memory.Kill);
    }
}
