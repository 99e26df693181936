using System.Collections.Concurrent;

namespace Fairlead.Cli.Demo;

/// <summary>
/// One worker's own pace: its eighth of each upstream's rate. Workers know nothing of each other, as in the system this is taken from;
/// limits that a whole cluster shares take this place later.
/// </summary>
internal sealed class Pace(int workers, TimeProvider time)
{
    private readonly Dictionary<Upstream, long> _last = [];

    /// <summary>Waits until this worker may call that upstream again.</summary>
    public async Task WaitAsync(Upstream upstream, CancellationToken cancellationToken)
    {
        var interval = TimeSpan.FromSeconds((double)workers / upstream.PerSecond);
        if (_last.TryGetValue(upstream, out var last) && interval - time.GetElapsedTime(last) is { Ticks: > 0 } left)
        {
            await Task.Delay(left, time, cancellationToken);
        }
        _last[upstream] = time.GetTimestamp();
    }
}

/// <summary>The paces of all workers; each attempt borrows one, as there are as many as slots.</summary>
internal sealed class Paces(int workers, TimeProvider time)
{
    private readonly ConcurrentQueue<Pace> _free = new(Enumerable.Range(0, workers).Select(_ => new Pace(workers, time)));

    public Pace Borrow() => _free.TryDequeue(out var pace) ? pace : new Pace(workers, time);

    public void GiveBack(Pace pace) => _free.Enqueue(pace);
}
