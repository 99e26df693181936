namespace Fairlead.Samples.Upstreams;

/// <summary>Counts what reaches a service, at the moment at which it decides.</summary>
public sealed class UpstreamStatistics(TimeProvider clock)
{
    private readonly Lock _gate = new();
    private readonly List<Arrival> _arrivals = [];
    private int _inFlight;
    private int _mostInFlight;
    private long _failed;
    private long _hung;

    /// <summary>Everything that arrived, in order.</summary>
    public IReadOnlyList<Arrival> Arrivals
    {
        get
        {
            lock (_gate)
            {
                return [.. _arrivals];
            }
        }
    }

    /// <summary>The counts, as <c>/stats</c> shows them.</summary>
    public UpstreamCounts Read()
    {
        lock (_gate)
        {
            var refused = _arrivals.Count(static arrival => arrival.Status == 429);
            var first = _arrivals.Count > 0 ? _arrivals[0].At : (DateTimeOffset?)null;
            var last = _arrivals.Count > 0 ? _arrivals[^1].At : (DateTimeOffset?)null;
            var perSecond = _arrivals.CountBy(arrival => (long)(arrival.At - first!.Value).TotalSeconds).ToDictionary();
            return new(
                _arrivals.Count, _arrivals.Count(static arrival => arrival.Status == 200), refused, _failed, _hung, _inFlight, _mostInFlight, first, last,
                [.. Enumerable.Range(0, perSecond.Count == 0 ? 0 : (int)perSecond.Keys.Max() + 1).Select(second => perSecond.GetValueOrDefault(second))]);
        }
    }

    internal CallInFlight Began()
    {
        lock (_gate)
        {
            _mostInFlight = Math.Max(_mostInFlight, ++_inFlight);
        }
        return new CallInFlight();
    }

    internal void Arrived(CallInFlight call, UpstreamAnswer answer)
    {
        lock (_gate)
        {
            call.Index = _arrivals.Count;
            _arrivals.Add(new(clock.GetUtcNow(), answer.Status) { For = answer.For });
        }
    }

    internal void Befell(bool fails, bool hangs)
    {
        lock (_gate)
        {
            _failed += fails ? 1 : 0;
            _hung += hangs ? 1 : 0;
        }
    }

    internal void Ended(CallInFlight call)
    {
        lock (_gate)
        {
            _inFlight--;
            if (call.Index is { } index)
            {
                _arrivals[index] = _arrivals[index] with { EndedAt = clock.GetUtcNow() };
            }
        }
    }
}

/// <summary>A call that has begun; counted as an arrival, once the service has decided.</summary>
internal sealed class CallInFlight
{
    /// <summary>Which of the arrivals; null before.</summary>
    public int? Index { get; set; }
}

/// <summary>One call.</summary>
/// <param name="At">When the service decided.</param>
/// <param name="Status">What it decided: 200, 429, …</param>
public readonly record struct Arrival(DateTimeOffset At, int Status)
{
    /// <summary>Whom or what it was for, as its answer says (<see cref="UpstreamAnswer.For" />); null for none.</summary>
    public string? For { get; init; }

    /// <summary>When it was answered, or its caller had gone; null while it is in flight.</summary>
    public DateTimeOffset? EndedAt { get; init; }
}

/// <summary>What has reached a service.</summary>
/// <param name="Arrived">Calls.</param>
/// <param name="Admitted">Those within its limits.</param>
/// <param name="Refused">Those that got 429.</param>
/// <param name="Failed">Admitted ones that got 503.</param>
/// <param name="Hung">Admitted ones that hung.</param>
/// <param name="InFlight">Calls that are not answered yet.</param>
/// <param name="MostInFlight">The most of them at once.</param>
/// <param name="First">When the first came.</param>
/// <param name="Last">When the last came.</param>
/// <param name="PerSecond">Arrivals in each second since the first.</param>
public sealed record UpstreamCounts(
    int Arrived, int Admitted, int Refused, long Failed, long Hung, int InFlight, int MostInFlight, DateTimeOffset? First, DateTimeOffset? Last, IReadOnlyList<int> PerSecond);
