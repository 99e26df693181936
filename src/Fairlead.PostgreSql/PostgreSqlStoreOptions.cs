using Npgsql;

namespace Fairlead.PostgreSql;

/// <summary>Where a PostgreSQL store lives and how it is reached.</summary>
public sealed record PostgreSqlStoreOptions
{
    /// <summary>The schema that is used when none is named.</summary>
    public const string DefaultSchema = "fairlead";

    /// <summary>
    /// A connection string of Npgsql (<c>Host=…;Database=…</c>), or a URL: <c>postgres://user:password@host:5432/database?schema=fairlead</c>. Several hosts,
    /// <c>Host=a,b:5433</c> or <c>postgres://a,b:5433/database</c>, are one store that moves: connections go to the one that can be written. Of a URL given here to the options, <c>schema</c>, <c>pooled</c> and
    /// <c>direct</c> are left to <see cref="Schema" />, <see cref="Pooled" /> and <see cref="DirectConnectionString" />.
    /// </summary>
    /// <remarks>
    /// What it does not say itself is set so that every call comes to an end in about ten seconds: <c>Timeout=4</c> (to connect), <c>Command Timeout=8</c>
    /// (for an answer, then the connection is given up without asking the server to cancel: <c>Cancellation Timeout=-1</c>), <c>Keepalive=10</c> for the
    /// listening connection, <c>Tcp Keepalive Time=5</c> and <c>Interval=1</c> for all, and for several hosts <c>Target Session Attributes=primary</c> and
    /// <c>Host Recheck Seconds=1</c>. Setting them is for networks and servers that are slower than that.
    /// </remarks>
    public string ConnectionString { get; init; } = "";

    /// <summary>Where connections come from instead: the application's own, with its credentials, logging and settings. It is not disposed. Null for <see cref="ConnectionString" />.</summary>
    public NpgsqlDataSource? DataSource { get; init; }

    /// <summary>The schema that holds the store; made when it does not exist. 1 to 50 small letters, digits and underscores. Default <c>fairlead</c>.</summary>
    public string Schema { get; init; } = DefaultSchema;

    /// <summary>
    /// True when the connections go through a pooler that gives a server connection to a transaction only (PgBouncer in transaction mode): nothing is
    /// prepared then, and signals come from <see cref="DirectConnectionString" />, or by polling.
    /// </summary>
    public bool Pooled { get; init; }

    /// <summary>A way to the server itself, for LISTEN, where <see cref="ConnectionString" /> leads to a pooler; null for polling.</summary>
    public string? DirectConnectionString { get; init; }

    /// <summary>Whether there is a way to hear the signals of other nodes at once.</summary>
    internal bool Listens => !Pooled || DirectConnectionString is not null;

    /// <summary>How many connections read at most at once. 1 or more, default 4; one more writes, and one listens.</summary>
    public int Readers { get; init; } = 4;

    /// <summary>
    /// How long a transaction of this store may be silent between two messages before the server ends it: a node that stands still holds up the others no longer. Default 1 s.
    /// </summary>
    public TimeSpan IdleInTransaction { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Where the database is, for people; of a data source without its password.</summary>
    internal string Place => DataSource?.ConnectionString ?? ConnectionString;

    /// <summary>A connection, not yet opened.</summary>
    /// <param name="direct">True for the server itself, where the others lead to a pooler.</param>
    internal NpgsqlConnection Connect(bool direct = false) =>
        DataSource is { } source && !(direct && DirectConnectionString is not null) ? source.CreateConnection() : new NpgsqlConnection(Npgsql(direct));

    /// <summary>What connections are made with.</summary>
    internal string Npgsql(bool direct = false)
    {
        var builder = new NpgsqlConnectionStringBuilder(PostgreSqlUrl.ToConnectionString(direct ? DirectConnectionString ?? Place : Place))
        {
            // Connections are kept by the store itself, one each for writing, listening and a few for reading.
            Pooling = false,
            Enlist = false,
            NoResetOnClose = true,
        };
        builder.ApplicationName ??= "fairlead";
        foreach (var (setting, value) in Unsaid(several: builder.Host?.Contains(',') == true, direct))
        {
            if (!builder.ShouldSerialize(setting))
            {
                builder[setting] = value;
            }
        }
        if (!Pooled || direct)
        {
            (builder.MaxAutoPrepare, builder.AutoPrepareMinUsages) = (300, 2);
        }
        return builder.ConnectionString;
    }

    /// <summary>Settings for what the connection string leaves open.</summary>
    private static IEnumerable<(string Setting, object Value)> Unsaid(bool several, bool listens)
    {
        yield return ("Timeout", 4);
        yield return ("Command Timeout", 8);
        yield return ("Cancellation Timeout", -1);
        yield return ("TCP Keepalive", true);
        yield return ("TCP Keepalive Time", 5);
        yield return ("TCP Keepalive Interval", 1);
        if (listens)
        {
            yield return ("Keepalive", 10);
        }
        if (several)
        {
            yield return ("Target Session Attributes", "primary");
            yield return ("Host Recheck Seconds", 1);
        }
    }

    /// <summary>Says what is wrong.</summary>
    /// <exception cref="ArgumentException">The options are not sound.</exception>
    internal PostgreSqlStoreOptions Check()
    {
        _ = CheckSchema(Schema);
        if (Readers < 1)
        {
            throw new ArgumentException($"Readers expects 1 or more; got {Readers}.");
        }
        if (IdleInTransaction < TimeSpan.FromMilliseconds(100))
        {
            throw new ArgumentException($"IdleInTransaction expects 100ms or more; got {IdleInTransaction}.");
        }
        _ = (Npgsql(), Npgsql(direct: true));
        return this;
    }

    /// <summary>Returns <paramref name="schema" /> if it is a name for a store's schema.</summary>
    /// <exception cref="ArgumentException">It is none.</exception>
    internal static string CheckSchema(string schema) =>
        schema.Length is > 0 and <= 50 && schema.All(static letter => letter is (>= 'a' and <= 'z') or (>= '0' and <= '9') or '_') ? schema
            : throw new ArgumentException($"A schema's name has 1 to 50 small letters, digits and underscores; got '{schema}'.");
}
