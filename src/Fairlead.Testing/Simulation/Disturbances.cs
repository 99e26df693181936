namespace Fairlead.Testing.Simulation;

/// <summary>What one node's calls to the store meet: always a little delay, and now and then a fault that was asked for.</summary>
internal sealed class Disturbances(TimeProvider time, Random random)
{
    private readonly List<(string? Verb, StoreFault Fault)> _next = [];
    private DateTimeOffset _awayUntil = DateTimeOffset.MinValue;

    /// <summary>When it last met a fault (small delays are none).</summary>
    public DateTimeOffset Last { get; private set; } = DateTimeOffset.MinValue;

    /// <summary>Something happened that excuses slowness.</summary>
    public void Touch(TimeSpan lasting = default)
    {
        if (time.GetUtcNow() + lasting is var until && until > Last)
        {
            Last = until;
        }
    }

    /// <summary>Every call fails for a while.</summary>
    public void Away(TimeSpan duration) => _awayUntil = time.GetUtcNow() + duration;

    /// <summary>The next call of that verb, or any, meets a fault.</summary>
    public void Next(string? verb, StoreFault fault) => _next.Add((verb, fault));

    /// <summary>No fault any more.</summary>
    public void End()
    {
        _next.Clear();
        _awayUntil = DateTimeOffset.MinValue;
    }

    public StoreFault Decide(string verb, long call)
    {
        if (_next.Count > 0 && _next.FindIndex(next => next.Verb is null || next.Verb == verb) is var at and >= 0)
        {
            var fault = _next[at].Fault;
            _next.RemoveAt(at);
            // A stall is over only when its answer has come.
            Touch(fault.Delay);
            return fault;
        }
        if (time.GetUtcNow() < _awayUntil)
        {
            Touch();
            return new(Fault.Fail);
        }
        return random.Next(4) switch
        {
            0 => new(Fault.StallBefore, TimeSpan.FromMicroseconds(random.Next(100, 5000))),
            1 => new(Fault.StallAfter, TimeSpan.FromMicroseconds(random.Next(100, 5000))),
            _ => StoreFault.None,
        };
    }
}
