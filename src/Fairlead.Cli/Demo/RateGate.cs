namespace Fairlead.Cli.Demo;

/// <summary>Lets at most so many through in any second, as a strict upstream does: a ring of the last admissions.</summary>
internal sealed class RateGate(int perSecond, TimeProvider time)
{
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(1);
    private readonly Lock _gate = new();
    private readonly long?[] _admitted = new long?[perSecond];
    private int _next;

    /// <summary>Takes one place if there is one.</summary>
    /// <param name="wait">If not: how long until there is.</param>
    public bool TryPass(out TimeSpan wait)
    {
        lock (_gate)
        {
            var now = time.GetTimestamp();
            wait = _admitted[_next] is { } oldest ? Window - time.GetElapsedTime(oldest, now) : TimeSpan.Zero;
            if (wait > TimeSpan.Zero)
            {
                return false;
            }
            _admitted[_next] = now;
            _next = (_next + 1) % perSecond;
            return true;
        }
    }
}
