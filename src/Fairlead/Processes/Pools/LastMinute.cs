namespace Fairlead.Processes.Pools;

/// <summary>A sum over the last 60 seconds, to the second. Not safe from several threads by itself.</summary>
internal sealed class LastMinute(TimeProvider time)
{
    private const int Seconds = 60;
    private readonly double[] _sums = new double[Seconds];
    private long _at = time.GetTimestamp() / time.TimestampFrequency;

    public void Add(double amount) => _sums[Now() % Seconds] += amount;

    public double Sum()
    {
        Now();
        return _sums.Sum();
    }

    /// <summary>The second that it is, with those that have passed since the last call emptied.</summary>
    private long Now()
    {
        var now = time.GetTimestamp() / time.TimestampFrequency;
        for (var i = 0; _at < now && i < Seconds; i++)
        {
            _sums[++_at % Seconds] = 0;
        }
        return _at = now;
    }
}
