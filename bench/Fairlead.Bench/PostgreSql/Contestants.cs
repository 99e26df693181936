namespace Fairlead.Bench.PostgreSql;

/// <summary>Who works off a backlog: this store, the bare statements, and its peers.</summary>
internal static class Contestants
{
    private static readonly string s_self = Environment.ProcessPath!;

    /// <summary>The engine as an application gets it, with its default settings.</summary>
    public static Contestant Fairlead { get; } = new("Fairlead, 64 slots (the default)", "kept", 1, [s_self, "postgresql", "contend", "{url}", "{jobs}"]);

    public static IReadOnlyList<Contestant> Floors { get; } = [Bare(200, 1), Bare(500, 2), Bare(1000, 2)];

    /// <summary>The others, which are installed first if they are not there.</summary>
    public static async Task<IReadOnlyList<Contestant>> PeersAsync(BenchOptions options)
    {
        var peers = Peers().Where(peer => options.Includes(peer.Name)).ToList();
        if (peers.Exists(static peer => peer.Command[0] == "node"))
        {
            await PeerPrograms.InstallFromNpmAsync();
        }
        if (peers.Exists(static peer => peer.Command[0] == "dotnet"))
        {
            await PeerPrograms.BuildAsync("quartz");
        }
        return peers;
    }

    private static IEnumerable<Contestant> Peers() =>
    [
        new("graphile-worker 0.17.3, local queue 500, batched completion", "deleted", 1, ["node", PeerPrograms.Npm("graphile-worker.mjs"), "{url}", "{jobs}", "batched"]),
        new("graphile-worker 0.17.3, default (24 at once)", "deleted", 0.25, ["node", PeerPrograms.Npm("graphile-worker.mjs"), "{url}", "{jobs}", "default"]),
        new("pg-boss 10.4.2, 8 workers of 500 at once", "kept", 0.25, ["node", PeerPrograms.Npm("pg-boss.mjs"), "{url}", "{jobs}"]),
        new("Quartz 4.7.3, 20 threads, batches of 20", "deleted", 0.05, ["dotnet", PeerPrograms.Built("quartz"), "{url}", "{jobs}"]),
    ];

    private static Contestant Bare(int perBatch, int connections) =>
        new($"bare statements, {perBatch} × {connections}", "one narrow row", 1, [s_self, "postgresql", "contend-bare", $"{perBatch}", $"{connections}", "{url}", "{jobs}"]);
}
