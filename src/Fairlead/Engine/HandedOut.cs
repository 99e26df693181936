using System.Collections.Concurrent;

namespace Fairlead.Engine;

/// <summary>How many attempts each queue's own worker was handed and has not ended; safe from any thread.</summary>
internal sealed class HandedOut
{
    private readonly ConcurrentDictionary<IWorker, int> _counts = new(ReferenceEqualityComparer.Instance);

    public int Of(IWorker worker) => _counts.GetValueOrDefault(worker);

    public void Add(IWorker worker) => _counts.AddOrUpdate(worker, 1, static (_, count) => count + 1);

    public void Remove(IWorker worker) => _counts.AddOrUpdate(worker, 0, static (_, count) => count - 1);
}
