using System.Threading.RateLimiting;
using Fairlead.Storage;

namespace Fairlead.Limits;

/// <summary>
/// A limit of the cluster as .NET's own <see cref="RateLimiter" />: permits are slots of time reserved in the store, waited for here and
/// never used early; those of all processes together keep the limit in any window. First come, first served among the callers of one
/// process. A permit count is a cost. Disposing a lease gives back a number at once; a rate's permits are used up. Made by
/// <see cref="LimitClient.For" />, which also keeps it: disposing the limiter itself does nothing.
/// </summary>
public sealed class SharedRateLimiter : RateLimiter
{
    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(10);
    private readonly LimitClient _client;
    private readonly PermitLine _line;
    private readonly PermitPump _pump;
    private long _granted;
    private long _refused;
    private long _held;
    private long _usedAt;

    internal SharedRateLimiter(LimitClient client, string name, string? group)
    {
        _client = client;
        (Name, Group) = (name, group);
        _line = new(name, group, client.IsRate(name), client.LeaseAhead);
        _pump = new(client, name, _line);
        _usedAt = client.Standing.Time.GetTimestamp();
    }

    /// <summary>The limit's name.</summary>
    public string Name { get; }

    /// <summary>The group, where each group has a limit of its own; null otherwise.</summary>
    public string? Group { get; }

    /// <summary>How long nobody has used it; null while somebody waits or holds a permit of a number at once.</summary>
    public override TimeSpan? IdleDuration => _line.Waiting > 0 || Interlocked.Read(ref _held) > 0
        ? null
        : _client.Standing.Time.GetElapsedTime(Interlocked.Read(ref _usedAt));

    /// <summary>
    /// Waits, queues and counts of this process. What is available is the cluster's affair and known only when asked for:
    /// <see cref="RateLimiterStatistics.CurrentAvailablePermits" /> is 1 when a call would not have to wait for what is known here, else 0.
    /// </summary>
    public override RateLimiterStatistics GetStatistics() => new()
    {
        CurrentAvailablePermits = _line.Waiting == 0 && _line.NextSlot <= _client.Standing.Clock.Now ? 1 : 0,
        CurrentQueuedCount = _line.Waiting,
        TotalSuccessfulLeases = Interlocked.Read(ref _granted),
        TotalFailedLeases = Interlocked.Read(ref _refused),
    };

    /// <summary>Waits for a permit's moment; within <paramref name="patience" />, if one is given.</summary>
    /// <param name="cost">How many permits; 1 or more.</param>
    /// <param name="attempt">The attempt that asks, if one does: permits of a number at once end with it.</param>
    /// <param name="patience">How long at most; null for as long as it takes.</param>
    /// <param name="first">Before all others here.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    internal async ValueTask<SharedLease> WaitAsync(long cost, AttemptKey? attempt, TimeSpan? patience, bool first, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (_line.TakeSpare(cost, _client.Standing.Clock.Now) is { } spare)
        {
            return Granted(spare);
        }
        var waiter = new PermitWaiter(cost, attempt, _client.Standing.Clock.Now + patience);
        _line.Add(waiter, first);
        _pump.Kick();
        await using var cancelled = cancellationToken.UnsafeRegister((_, token) => Leave(waiter, token), null);
        var grant = await waiter.Answer;
        return grant.Permit is { } permit ? Granted(permit) : Refused(grant.RetryAfter);
    }

    internal void GiveBack(Permit permit)
    {
        Interlocked.Add(ref _held, permit.Id > 0 ? -1 : 0);
        _line.GiveBack([permit]);
        _pump.Kick();
    }

    /// <summary>The upstream wants to be left alone until then.</summary>
    internal void Hold(DateTimeOffset until)
    {
        _line.Hold(until);
        _pump.Kick();
    }

    internal void Signalled(StoreSignals signals) => _pump.Signalled(signals);

    /// <inheritdoc />
    protected override async ValueTask<RateLimitLease> AcquireAsyncCore(int permitCount, CancellationToken cancellationToken) =>
        permitCount == 0 ? new SharedLease([]) : await WaitAsync(permitCount, null, null, first: false, cancellationToken);

    /// <inheritdoc />
    protected override RateLimitLease AttemptAcquireCore(int permitCount)
    {
        var now = _client.Standing.Clock.Now;
        if (permitCount == 0)
        {
            return _line.Waiting == 0 ? new SharedLease([]) : Refused(Soon);
        }
        if (_line.TakeSpare(permitCount, now) is { } spare)
        {
            return Granted(spare);
        }
        if (_line.Waiting > 0)
        {
            return Refused(_line.NextSlot - now is { Ticks: > 0 } wait ? wait : Soon);
        }
        if (_pump.AskAtOnce(permitCount, Group) is not { } answer)
        {
            return Refused(Soon);
        }
        return answer.Permits is [var permit] ? Granted(permit) : Refused(answer.RetryAt - answer.Now is { Ticks: > 0 } left ? left : Soon);
    }

    private void Leave(PermitWaiter waiter, CancellationToken token)
    {
        if (_line.Remove(waiter))
        {
            waiter.Cancel(token);
            _pump.Kick();
        }
    }

    private SharedLease Granted(Permit permit)
    {
        Interlocked.Increment(ref _granted);
        Interlocked.Add(ref _held, permit.Id > 0 ? 1 : 0);
        Interlocked.Exchange(ref _usedAt, _client.Standing.Time.GetTimestamp());
        return new([(this, permit)]);
    }

    private SharedLease Refused(TimeSpan retryAfter)
    {
        Interlocked.Increment(ref _refused);
        return new(retryAfter, $"Limit '{Name}' has no permit now.");
    }
}
