using Fairlead.Cli.Configuration;
using Fairlead.Storage;

namespace Fairlead.Cli.Stores;

/// <summary>Where a store is: <c>sqlite:./fairlead.db</c>, <c>postgres://host/database</c>, <c>memory:</c>. As a text it holds no password.</summary>
/// <param name="From">Who named it: <c>--store</c>, <c>FAIRLEAD_STORE</c>, the configuration.</param>
internal abstract record StoreAddress(string From)
{
    /// <summary>What a command expects, for its help.</summary>
    public const string Examples = "sqlite:./fairlead.db, postgres://user:password@host/database or memory:";

    private const string Default = "sqlite:./fairlead.db";

    /// <summary>The option, else <c>FAIRLEAD_STORE</c>, else <c>store:</c> of <c>fairlead.yaml</c>, else <c>sqlite:./fairlead.db</c>.</summary>
    public static StoreAddress Find(string? option, Func<string, string?> variable, string folder)
    {
        if (option is not null)
        {
            return Parse(option, "--store");
        }
        if (variable("FAIRLEAD_STORE") is { Length: > 0 } named)
        {
            return Parse(named, "FAIRLEAD_STORE");
        }
        var file = folder == Environment.CurrentDirectory ? ConfigurationFile.DefaultName : Path.Combine(folder, ConfigurationFile.DefaultName);
        return ConfigurationFile.ReadStore(file, variable, static path => File.Exists(path) ? File.ReadAllText(path) : "") is { } configured
            ? Parse(configured, "store: of fairlead.yaml")
            : Parse(Default, "default");
    }

    /// <exception cref="CommandFailure">It is no address, or one of a store that this version does not have.</exception>
    public static StoreAddress Parse(string text, string from)
    {
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        var scheme = colon < 0 ? "" : text[..colon];
        var path = text[(colon + 1)..];
        return scheme switch
        {
            SqliteAddress.Scheme when path.Length > 0 => new SqliteAddress(path.StartsWith("//", StringComparison.Ordinal) ? path[2..] : path, from),
            MemoryAddress.Scheme when path.Length == 0 => new MemoryAddress(from),
            "postgres" or "postgresql" => PostgreSqlAddress.Of(text, from),
            "redis" => throw new CommandFailure($"This version keeps jobs in sqlite:, postgres: and memory: stores; redis: ({from}) comes in a later one."),
            _ => throw new CommandFailure($"Expected a store such as {Examples} from {from}; got {Shown(text, scheme)}."),
        };
    }

    /// <summary>Makes the store's client, not yet opened.</summary>
    /// <param name="time">The clock.</param>
    /// <param name="adopt">True to add Fairlead's tables to a file that so far holds only another program's.</param>
    public abstract IJobStore Connect(TimeProvider time, bool adopt);

    /// <summary>Refuses to make a store only to look into it.</summary>
    /// <exception cref="CommandFailure">There is none.</exception>
    /// <exception cref="StoreUnavailableException">It cannot be reached.</exception>
    public virtual ValueTask MustExistAsync(CancellationToken cancellationToken) => default;

    /// <summary>The sentence for those who ask for what is not there.</summary>
    protected CommandFailure NotThere() =>
        new($"There is no store at {this} yet. Work that is enqueued makes it (fairlead enqueue, fairlead run), and so does fairlead migrate; another one is named with --store.");

    /// <summary>An address of unknown kind may hold a password all the same.</summary>
    private static string Shown(string text, string scheme) => text.Contains('@', StringComparison.Ordinal) ? $"another one, {scheme}:…" : $"'{text}'";
}
