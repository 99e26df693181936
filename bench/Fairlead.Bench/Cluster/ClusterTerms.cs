using Fairlead.Storage;

namespace Fairlead.Bench.Cluster;

/// <summary>What the nodes of the cluster agree on, and what their judge holds them to.</summary>
internal static class ClusterTerms
{
    public const int Nodes = 4;

    /// <summary>Permits a second of the limit <see cref="Api" />, which every job of <see cref="Calls" /> takes one of before it calls the upstream.</summary>
    public const int PerSecond = 50;
    public const string Api = "api";

    /// <summary>Jobs at once that hold one of the limit <see cref="Seats" />, over all nodes.</summary>
    public const int SeatsAtOnce = 5;
    public const string Seats = "seats";

    /// <summary>The queue that calls the upstream: 0.1 to 5 s a job.</summary>
    public const string Calls = "calls";

    /// <summary>The queue with groups, and a number at once for each and for all.</summary>
    public const string Grouped = "grouped";
    public const int Groups = 6;
    public const int GroupConcurrency = 2;
    public const int MaxConcurrent = 9;

    /// <summary>The queue whose jobs have unique keys, of which there are few, and take seats.</summary>
    public const string Unique = "unique";
    public const int Keys = 12;

    /// <summary>The kind of a batch's last job.</summary>
    public const string Report = "report";

    public const int SlotsOfNode = 24;

    public static string GroupOf(int n) => $"g{n % Groups}";

    public static string KeyOf(int n) => $"k{n * 7 % Keys}";

    /// <summary>How long a job of <see cref="Calls" /> takes: 0.1 to 5 s, most of them little. Drawn from its number, so that an attempt takes as long as the one before.</summary>
    public static TimeSpan CallTakes(int n)
    {
        var drawn = (uint)n * 2654435761u / 4294967296.0;
        return TimeSpan.FromSeconds(0.1 + (4.9 * Math.Pow(drawn, 20)));
    }

    /// <summary>How long the other jobs take.</summary>
    public static TimeSpan ShortTakes(int n) => TimeSpan.FromMilliseconds(100 + (n * 37 % 100));

    /// <summary>The queues that a producer's n-th step enqueues into: what dead nodes hold of the narrow ones is free only when their leases have ended.</summary>
    public static IEnumerable<string> QueuesOf(int n) => n % 3 == 0 ? [Calls, Grouped, Unique] : [Calls];

    public static NewJob Job(string queue, int n) => new()
    {
        Queue = queue,
        Kind = new JobKind(queue),
        Payload = System.Text.Encoding.UTF8.GetBytes($"{{\"n\":{n}}}"),
        Group = queue == Grouped ? GroupOf(n) : null,
        UniqueKey = queue == Unique ? KeyOf(n) : null,
    };
}

/// <summary>The payload of every job.</summary>
internal sealed record Numbered(int N);
