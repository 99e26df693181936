namespace Fairlead.Processes.Pools;

/// <summary>
/// The places of a pool: each has a process, or is free, or cools down after its last one. Not safe from several threads by itself.
/// </summary>
internal sealed class PoolPlaces(TimeProvider time, TimeSpan cooldown)
{
    private readonly Queue<long> _coolUntil = new();

    /// <summary>How many places there are; fewer than are taken when they became fewer.</summary>
    public int Most { get; set; } = 1;

    /// <summary>How many have a process.</summary>
    public int Taken { get; private set; }

    /// <summary>How many processes may be started now.</summary>
    public int Free
    {
        get
        {
            var now = time.GetTimestamp();
            while (_coolUntil.TryPeek(out var until) && until <= now)
            {
                _coolUntil.Dequeue();
            }
            return Math.Max(Most - Taken - _coolUntil.Count, 0);
        }
    }

    /// <summary>How long until a place has cooled down; null when none cools.</summary>
    public TimeSpan? NextCool => _coolUntil.TryPeek(out var until) ? time.GetElapsedTime(time.GetTimestamp(), until) : null;

    /// <summary>A process is started in a free place.</summary>
    public void Take() => Taken++;

    /// <summary>A process and all of its tree is gone.</summary>
    public void GiveBack()
    {
        Taken--;
        // Of places that are no more nothing has to cool.
        if (cooldown > TimeSpan.Zero && Taken + _coolUntil.Count < Most)
        {
            _coolUntil.Enqueue(time.GetTimestamp() + (long)Math.Ceiling(cooldown.TotalSeconds * time.TimestampFrequency));
        }
    }
}
