using System.Globalization;
using Fairlead.Cli.Bodies;
using Fairlead.PostgreSql;

namespace Fairlead.Cli.Checks;

/// <summary>What a server says of itself: its version, what its commits are worth, how far it is, its clock.</summary>
internal static class PostgreSqlChecks
{
    public static async Task<IReadOnlyList<CheckBody>> LookAsync(PostgreSqlStoreOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        var before = time.GetUtcNow();
        var facts = await PostgreSqlSchema.LookAsync(options, cancellationToken);
        var apart = (facts.Now - before).Duration();
        return [Version(facts), Durability(facts), ServerClock(apart)];
    }

    private static CheckBody Version(ServerFacts facts) => new("server", true, $"PostgreSQL {facts.Version}, at most {facts.MaxConnections} connections");

    private static CheckBody Durability(ServerFacts facts) => new(
        "durability", facts.IsDurable,
        facts.IsDurable ? "every commit is flushed to the server's disk: it survives kill -9 and power loss"
            : "fsync or synchronous_commit is off: what was acknowledged may be lost with the server's power; set both on");

    /// <summary>The store goes by the server's clock; logs, and times that people read, go by this machine's.</summary>
    private static CheckBody ServerClock(TimeSpan apart) => new(
        "server clock", true, apart < TimeSpan.FromSeconds(2) ? "the same as here"
            : string.Create(CultureInfo.InvariantCulture, $"{apart.TotalSeconds:0} s from the clock here: due times, limits and leases go by the server's"));
}
