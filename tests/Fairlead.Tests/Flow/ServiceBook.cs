using Fairlead.Policies;

namespace Fairlead.Tests.Flow;

/// <summary>
/// The service of groups over time, as attempts really ran, held against the bound of fair queueing: over any interval in which two groups
/// both have work waiting, their service per weight differs by at most <c>(D + 1) · (c_f/w_f + c_g/w_g)</c>. Since the difference is a
/// path in time, the worst of all intervals is its highest less its lowest point within each stretch in which both are backlogged.
/// </summary>
internal sealed class ServiceBook(int slots, IReadOnlyDictionary<string, double> weights)
{
    private readonly SortedDictionary<string, Entry> _groups = new(StringComparer.Ordinal);
    private readonly Dictionary<(string F, string G), (double Low, double High)> _paths = [];
    private readonly Dictionary<(string, string), double> _worst = [];
    private double _estimate = -1;
    private double _now;

    /// <summary>The worst lag seen, as a share of its bound.</summary>
    public (double Share, string Where) Worst()
    {
        var worst = (0.0, "no two groups had work waiting at once");
        foreach (var ((f, g), lag) in _worst)
        {
            var bound = (slots + 1) * (_groups[f].Cost / _groups[f].Weight + _groups[g].Cost / _groups[g].Weight);
            worst = lag / bound > worst.Item1 ? (lag / bound, $"{f} and {g}: {lag:0.###} of {bound:0.###}") : worst;
        }
        return worst;
    }

    public double ServedOf(string group) => _groups[group].Served;

    public void Waits(double now, string group, int more)
    {
        Advance(now);
        Of(group).Waiting += more;
    }

    public void Starts(double now, string group)
    {
        Advance(now);
        var entry = Of(group);
        (entry.Waiting, entry.Running) = (entry.Waiting - 1, entry.Running + 1);
        entry.Charge(_estimate);
        if (entry.Waiting == 0)
        {
            foreach (var pair in _paths.Keys.Where(pair => pair.F == group || pair.G == group).ToList())
            {
                _paths.Remove(pair);
            }
        }
    }

    public void Ends(double now, string group, double seconds)
    {
        Advance(now);
        var entry = Of(group);
        entry.Running--;
        entry.Learn(seconds);
        _estimate = FairQueue.Learned(_estimate, seconds);
    }

    /// <summary>What jobs of other groups take is not known any more, and is charged by what all take.</summary>
    public void ForgetAllBut(IReadOnlySet<string> known)
    {
        foreach (var (group, entry) in _groups)
        {
            if (!known.Contains(group))
            {
                entry.Forget();
            }
        }
    }

    /// <summary>Service accrues while attempts run; every pair's path is followed to now, by what waited until now.</summary>
    private void Advance(double now)
    {
        if (now <= _now)
        {
            return;
        }
        Follow();
        foreach (var entry in _groups.Values)
        {
            entry.Served += entry.Running * (now - _now);
        }
        _now = now;
        Follow();
    }

    private void Follow()
    {
        foreach (var (f, entry) in _groups)
        {
            foreach (var (g, other) in _groups)
            {
                if (string.CompareOrdinal(f, g) < 0 && entry.Waiting > 0 && other.Waiting > 0)
                {
                    var point = (entry.Served / entry.Weight) - (other.Served / other.Weight);
                    var (low, high) = _paths.TryGetValue((f, g), out var path) ? (Math.Min(path.Low, point), Math.Max(path.High, point)) : (point, point);
                    _paths[(f, g)] = (low, high);
                    _worst[(f, g)] = Math.Max(_worst.GetValueOrDefault((f, g)), high - low);
                }
            }
        }
    }

    private Entry Of(string group)
    {
        if (!_groups.TryGetValue(group, out var entry))
        {
            _groups.Add(group, entry = new(weights.GetValueOrDefault(group, 1)));
        }
        return entry;
    }

    private sealed class Entry(double weight)
    {
        private double _estimate = -1;

        public double Weight => weight;

        public int Waiting { get; set; }

        public int Running { get; set; }

        public double Served { get; set; }

        /// <summary>The longest attempt, or the largest estimate it was charged.</summary>
        public double Cost { get; private set; }

        public void Charge(double others) => Cost = Math.Max(Cost, _estimate >= 0 ? _estimate : others >= 0 ? others : FairQueue.Unknown);

        public void Forget() => _estimate = -1;

        public void Learn(double seconds)
        {
            _estimate = FairQueue.Learned(_estimate, seconds);
            Cost = Math.Max(Cost, seconds);
        }
    }
}
