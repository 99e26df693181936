using Fairlead.Storage;

namespace Fairlead.Processes.Pools;

/// <summary>What a pool has done lately, in numbers. Not safe from several threads by itself.</summary>
internal sealed class PoolRecord(TimeProvider time)
{
    private const int Kept = 1000;
    private readonly LastMinute _jobs = new(time);
    private readonly LastMinute _starts = new(time);
    private readonly LastMinute _ends = new(time);
    private readonly LastMinute _busySeconds = new(time);
    private readonly double[] _runTimes = new double[Kept];
    private readonly Dictionary<WorkerEnd, long> _endsBy = [];
    private readonly long _from = time.GetTimestamp();
    private long _runs;
    private long _startsInAll;
    private string? _lastError;
    private DateTimeOffset? _lastErrorAt;

    public void Started()
    {
        _startsInAll++;
        _starts.Add(1);
    }

    public void Ended(WorkerEnd why)
    {
        _endsBy[why] = _endsBy.GetValueOrDefault(why) + 1;
        _ends.Add(1);
    }

    public void JobEnded(TimeSpan ran)
    {
        _runTimes[_runs++ % Kept] = ran.TotalSeconds;
        _jobs.Add(1);
        _busySeconds.Add(ran.TotalSeconds);
    }

    public void Failed(string error) => (_lastError, _lastErrorAt) = (error, time.GetUtcNow());

    /// <summary>The report without its processes.</summary>
    /// <param name="queue">The queue.</param>
    /// <param name="most">How many processes there may be.</param>
    /// <param name="running">How long what runs now has run, each.</param>
    public PoolReport Report(QueueDefinition queue, int most, IEnumerable<TimeSpan> running)
    {
        var (average, p95) = RunTimes();
        var minute = Math.Clamp(time.GetElapsedTime(_from).TotalSeconds, 1, 60);
        var busy = _busySeconds.Sum() + running.Sum(static ran => Math.Min(ran.TotalSeconds, 60));
        return new PoolReport
        {
            Queue = queue.Name,
            Label = queue.Label ?? queue.Name,
            Most = most,
            Workers = [],
            Use = Math.Round(Math.Clamp(busy / (most * minute), 0, 1), 3),
            JobsPerMinute = (int)_jobs.Sum(),
            AverageSeconds = average,
            P95Seconds = p95,
            StartsPerMinute = (int)_starts.Sum(),
            EndsPerMinute = (int)_ends.Sum(),
            Starts = _startsInAll,
            Ends = new Dictionary<WorkerEnd, long>(_endsBy),
            LastError = _lastError,
            LastErrorAt = _lastErrorAt,
        };
    }

    private (double Average, double P95) RunTimes()
    {
        var times = _runTimes[..(int)Math.Min(_runs, Kept)];
        if (times.Length == 0)
        {
            return (0, 0);
        }
        Array.Sort(times);
        return (Math.Round(times.Average(), 6), Math.Round(times[(int)Math.Ceiling(times.Length * 0.95) - 1], 6));
    }
}
