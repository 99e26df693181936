using System.Globalization;
using System.Text;

namespace Fairlead.Testing.Simulation;

/// <summary>Everything that happened in one run, as one number for comparing runs and as the last few hundred lines for people.</summary>
internal sealed class Journal(TimeProvider time)
{
    private const int Kept = 512;
    private const ulong Prime = 1099511628211;
    private readonly Entry[] _last = new Entry[Kept];
    private readonly DateTimeOffset _start = time.GetUtcNow();

    /// <summary>How much happened.</summary>
    public long Count { get; private set; }

    /// <summary>Equal runs, equal numbers.</summary>
    public ulong Hash { get; private set; } = 14695981039346656037;

    /// <summary>Writes one thing down.</summary>
    public void Write(string who, string what, long a = 0, long b = 0, long c = 0, string? more = null)
    {
        var ticks = (time.GetUtcNow() - _start).Ticks;
        _last[Count++ % Kept] = new(ticks, who, what, a, b, c, more);
        Mix((ulong)ticks);
        Mix(what);
        Mix(who);
        Mix((ulong)a);
        Mix((ulong)b);
        Mix((ulong)c);
    }

    /// <summary>The last lines, the newest last; those about one job only, if one is given.</summary>
    public string Tail(int lines, long? job = null)
    {
        var text = new StringBuilder();
        var from = Math.Max(0, Count - Kept);
        var chosen = new List<Entry>();
        for (var i = from; i < Count; i++)
        {
            var entry = _last[i % Kept];
            if (job is null || entry.A == job)
            {
                chosen.Add(entry);
            }
        }
        foreach (var entry in chosen.Skip(Math.Max(0, chosen.Count - lines)))
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"  {TimeSpan.FromTicks(entry.Ticks).TotalSeconds,10:0.000} {entry.Who,-8} {entry.What,-18} {entry.A} {entry.B} {entry.C} {entry.More}");
        }
        return text.ToString();
    }

    private void Mix(ulong value) => Hash = (Hash ^ value) * Prime;

    private void Mix(string text)
    {
        foreach (var letter in text)
        {
            Mix(letter);
        }
    }

    private readonly record struct Entry(long Ticks, string Who, string What, long A, long B, long C, string? More);
}
