using System.Globalization;

namespace Fairlead.Samples.ProductAnalysis;

/// <summary>What a process of this program does.</summary>
public enum Role
{
    /// <summary>Answers HTTP and runs jobs: everything in one process.</summary>
    All,

    /// <summary>Answers HTTP, enqueues, pushes progress; runs no jobs.</summary>
    Api,

    /// <summary>Runs jobs; answers no HTTP.</summary>
    Worker,
}

/// <summary>What is said on the command line or in the environment (<c>--role worker</c>, <c>ROLE=worker</c>).</summary>
public sealed record AnalysisSettings
{
    /// <summary><c>--role</c>: <c>all</c> (the default), <c>api</c> or <c>worker</c>.</summary>
    public Role Role { get; init; } = Role.All;

    /// <summary><c>--db</c>: the SQLite file that all processes share, for jobs and results. Default <c>analysis.db</c>.</summary>
    public string Database { get; init; } = "analysis.db";

    /// <summary><c>--concurrency</c>: how many products this process looks up at once. Default 8.</summary>
    public int Concurrency { get; init; } = 8;

    /// <summary><c>--name</c>: what <c>fairlead explain</c> and logs call this process. Default <c>machine:pid</c>.</summary>
    public string? Name { get; init; }

    /// <summary><c>--sync-every</c>: after how many products the progress is pushed to the table. Default 10.</summary>
    public int SyncEvery { get; init; } = 10;

    /// <summary><c>--sp-api</c>: where SP-API is. Default that of samples/upstreams.</summary>
    public Uri SpApi { get; init; } = new("http://127.0.0.1:5101/");

    /// <summary><c>--keepa</c>: where Keepa is. Default that of samples/upstreams.</summary>
    public Uri Keepa { get; init; } = new("http://127.0.0.1:5102/");

    /// <summary>Reads them.</summary>
    /// <exception cref="FormatException">One is not what was expected; the message says which.</exception>
    public static AnalysisSettings From(IConfiguration said)
    {
        var defaults = new AnalysisSettings();
        return new()
        {
            Role = Read(said, "role", defaults.Role, "all, api or worker", static text => Enum.Parse<Role>(text, ignoreCase: true)),
            Database = said["db"] ?? defaults.Database,
            Concurrency = Read(said, "concurrency", defaults.Concurrency, "a whole number of 1 or more", AtLeastOne),
            Name = said["name"],
            SyncEvery = Read(said, "sync-every", defaults.SyncEvery, "a whole number of 1 or more", AtLeastOne),
            SpApi = Read(said, "sp-api", defaults.SpApi, "an address such as http://127.0.0.1:5101/", static text => new Uri(text, UriKind.Absolute)),
            Keepa = Read(said, "keepa", defaults.Keepa, "an address such as http://127.0.0.1:5102/", static text => new Uri(text, UriKind.Absolute)),
        };
    }

    private static int AtLeastOne(string text) => int.Parse(text, CultureInfo.InvariantCulture) is >= 1 and var number ? number : throw new FormatException();

    private static T Read<T>(IConfiguration said, string key, T otherwise, string expected, Func<string, T> parse)
    {
        try
        {
            return said[key] is { } text ? parse(text) : otherwise;
        }
        catch (Exception error) when (error is FormatException or ArgumentException or OverflowException)
        {
            throw new FormatException($"--{key} expects {expected}; got '{said[key]}'.", error);
        }
    }
}
