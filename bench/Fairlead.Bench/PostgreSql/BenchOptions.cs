using System.Globalization;

namespace Fairlead.Bench.PostgreSql;

/// <summary>What may be said after a verb. Null is the verb's own default.</summary>
internal sealed record BenchOptions
{
    /// <summary>How many jobs.</summary>
    public int? Jobs { get; private init; }

    /// <summary>In how many groups.</summary>
    public int? Groups { get; private init; }

    /// <summary>How often all is measured; the figures are medians.</summary>
    public int Runs { get; private init; } = 3;

    /// <summary>How often something single is tried.</summary>
    public int? Tries { get; private init; }

    /// <summary>How long something steady is measured.</summary>
    public TimeSpan? Seconds { get; private init; }

    /// <summary>How long the transaction stays open.</summary>
    public TimeSpan? Minutes { get; private init; }

    /// <summary>What is added to a round trip of the network, in a second column.</summary>
    public TimeSpan? Latency { get; private init; }

    /// <summary>Parts of the names of those that take part; null for all.</summary>
    public string[]? Only { get; private init; }

    /// <summary>Reads them.</summary>
    /// <exception cref="ArgumentException">One is unknown, or has no value, or a wrong one.</exception>
    public static BenchOptions Parse(string[] args)
    {
        var options = new BenchOptions();
        for (var i = 0; i < args.Length; i += 2)
        {
            options = options.With(args[i], i + 1 < args.Length ? args[i + 1] : throw new ArgumentException($"{args[i]} expects a value."));
        }
        return options;
    }

    /// <summary>Whether somebody takes part.</summary>
    public bool Includes(string name) => Only is null || Only.Any(part => name.Contains(part, StringComparison.OrdinalIgnoreCase));

    private BenchOptions With(string name, string value) => name switch
    {
        "--jobs" => this with { Jobs = Number(name, value) },
        "--groups" => this with { Groups = Number(name, value) },
        "--runs" => this with { Runs = Number(name, value) },
        "--tries" => this with { Tries = Number(name, value) },
        "--seconds" => this with { Seconds = TimeSpan.FromSeconds(Number(name, value)) },
        "--minutes" => this with { Minutes = TimeSpan.FromMinutes(Number(name, value)) },
        "--latency" => this with { Latency = DurationText.TryParse(value, out var latency) ? latency : throw Wrong(name, value) },
        "--only" => this with { Only = value.Split(',') },
        _ => throw new ArgumentException($"Unknown option {name}."),
    };

    private static int Number(string name, string value) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 ? number : throw Wrong(name, value);

    private static ArgumentException Wrong(string name, string value) => new($"{name} expects a value above zero; got '{value}'.");
}
