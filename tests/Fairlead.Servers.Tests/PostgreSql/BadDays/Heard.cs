using System.Collections.Concurrent;
using Fairlead.Storage;

namespace Fairlead.Servers.Tests.PostgreSql.BadDays;

/// <summary>What a listener was told.</summary>
internal sealed class Heard
{
    /// <summary>What one is told that may have missed something.</summary>
    public const StoreSignals Everything = StoreSignals.Work | StoreSignals.Control | StoreSignals.Ended | StoreSignals.Schedules;

    private readonly ConcurrentQueue<StoreSignals> _signals = [];

    public void Add(StoreSignals signals) => _signals.Enqueue(signals);

    public void Clear() => _signals.Clear();

    public int Count(StoreSignals exactly) => _signals.Count(signals => signals == exactly);

    public bool Any(StoreSignals one) => _signals.Any(signals => signals.HasFlag(one));

    public int CountOf(StoreSignals one) => _signals.Count(signals => signals.HasFlag(one));

    public int All => _signals.Count;
}
