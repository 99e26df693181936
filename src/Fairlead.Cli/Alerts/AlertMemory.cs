using Fairlead.Engine;

namespace Fairlead.Cli.Alerts;

/// <summary>What has been told lately: the same thing is told again only after a while, with how often it came meanwhile. Not safe from several threads by itself.</summary>
internal sealed class AlertMemory(TimeProvider time)
{
    /// <summary>How long the same kind and key stay untold.</summary>
    public static readonly TimeSpan Quiet = TimeSpan.FromMinutes(15);

    private const int Most = 10_000;
    private readonly Dictionary<(AlertKind, string), Told> _told = [];

    /// <summary>Notes that it came.</summary>
    /// <returns>How often it came since it was last told, this time not counted; null when it is not to be told now.</returns>
    public int? Note(Alert alert)
    {
        var key = (alert.Kind, alert.Key);
        if (_told.TryGetValue(key, out var told) && time.GetElapsedTime(told.At) < Quiet)
        {
            told.Meanwhile++;
            return null;
        }
        if (_told.Count >= Most)
        {
            ForgetOld();
        }
        _told[key] = new Told { At = time.GetTimestamp() };
        return told?.Meanwhile ?? 0;
    }

    /// <summary>It could not be told after all: whenever it comes again, it is told.</summary>
    public void Forget(AlertKind kind, string key) => _told.Remove((kind, key));

    private void ForgetOld()
    {
        foreach (var (key, _) in _told.Where(told => time.GetElapsedTime(told.Value.At) >= Quiet).ToList())
        {
            _told.Remove(key);
        }
        if (_told.Count >= Most)
        {
            // So many different things at once: rather told twice than remembered without bound.
            _told.Clear();
        }
    }

    private sealed class Told
    {
        public required long At { get; init; }

        public int Meanwhile { get; set; }
    }
}
