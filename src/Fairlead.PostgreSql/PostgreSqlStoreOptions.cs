using Npgsql;

namespace Fairlead.PostgreSql;

/// <summary>Where a PostgreSQL store lives and how it is reached.</summary>
public sealed record PostgreSqlStoreOptions
{
    /// <summary>The schema that is used when none is named.</summary>
    public const string DefaultSchema = "fairlead";

    /// <summary>
    /// A connection string of Npgsql (<c>Host=…;Database=…</c>), or a URL: <c>postgres://user:password@host:5432/database?schema=fairlead</c>. Of a URL given here
    /// to the options, <c>schema</c>, <c>pooled</c> and <c>direct</c> are left to <see cref="Schema" />, <see cref="Pooled" /> and <see cref="DirectConnectionString" />.
    /// </summary>
    public required string ConnectionString { get; init; }

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

    /// <summary>What connections are made with.</summary>
    internal string Npgsql(bool direct = false)
    {
        var builder = new NpgsqlConnectionStringBuilder(PostgreSqlUrl.ToConnectionString(direct ? DirectConnectionString ?? ConnectionString : ConnectionString))
        {
            // Connections are kept by the store itself, one each for writing, listening and a few for reading.
            Pooling = false,
            Enlist = false,
            NoResetOnClose = true,
        };
        builder.ApplicationName ??= "fairlead";
        if (!Pooled || direct)
        {
            (builder.MaxAutoPrepare, builder.AutoPrepareMinUsages) = (300, 2);
        }
        return builder.ConnectionString;
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
