namespace Fairlead.Processes.Pools;

/// <summary>
/// When a pool may start the next process, if one after the other dies before it has done anything: the first few at once, then after 1 s, doubled
/// each time up to 1 min, and one at a time. Anything that gets done ends it. Times are timestamps of the pool's clock.
/// </summary>
internal sealed class CrashBackoff(TimeProvider time)
{
    private const int Free = 3;
    private static readonly TimeSpan First = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);
    private int _crashes;
    private long _until;

    /// <summary>True while its processes crash again and again.</summary>
    public bool IsStorm => _crashes >= Free;

    /// <summary>How long nothing may be started; zero or less when it may.</summary>
    public TimeSpan Wait => IsStorm ? time.GetElapsedTime(time.GetTimestamp(), _until) : TimeSpan.Zero;

    /// <summary>One more died without having done anything.</summary>
    /// <returns>True when this one begins a storm.</returns>
    public bool Crashed()
    {
        if (Wait > TimeSpan.Zero)
        {
            // It was started with others that have died already: they all say one thing.
            return false;
        }
        var wasStorm = IsStorm;
        if (++_crashes >= Free)
        {
            var doublings = Math.Min(_crashes - Free, 10);
            var wait = First * Math.Pow(2, doublings);
            _until = time.GetTimestamp() + (long)((wait < Longest ? wait : Longest).TotalSeconds * time.TimestampFrequency);
        }
        return IsStorm && !wasStorm;
    }

    /// <summary>One has done something.</summary>
    public void Worked() => _crashes = 0;
}
