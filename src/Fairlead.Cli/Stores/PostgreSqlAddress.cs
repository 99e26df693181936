using Fairlead.PostgreSql;
using Fairlead.Storage;

namespace Fairlead.Cli.Stores;

/// <summary>A schema of a PostgreSQL database: <c>postgres://user:password@host:5432/database?schema=fairlead</c>.</summary>
/// <param name="Options">Where the database is and how it is reached.</param>
/// <param name="From">Who named it.</param>
internal sealed record PostgreSqlAddress(PostgreSqlStoreOptions Options, string From) : StoreAddress(From)
{
    /// <exception cref="CommandFailure">It is no such URL; the message shows nothing of it, since it may hold a password.</exception>
    public static PostgreSqlAddress Of(string url, string from) => Problem(url) is { } problem
        ? throw new CommandFailure($"The store's address from {from}: {problem}")
        : new PostgreSqlAddress(PostgreSqlUrl.ToOptions(url), from);

    /// <summary>What is wrong with a URL, for messages, without anything of it; null when nothing is.</summary>
    public static string? Problem(string url)
    {
        try
        {
            _ = PostgreSqlUrl.Is(url) ? PostgreSqlUrl.ToOptions(url) : throw new ArgumentException("Expected postgres://user:password@host:port/database; the two slashes are missing.");
            return null;
        }
        catch (ArgumentException error)
        {
            return error.Message;
        }
    }

    public override string ToString() => PostgreSqlUrl.Describe(Options);

    public override IJobStore Connect(TimeProvider time, bool adopt) => new PostgreSqlJobStore(Options);

    public override async ValueTask MustExistAsync(CancellationToken cancellationToken)
    {
        if (!await PostgreSqlSchema.ExistsAsync(Options, cancellationToken))
        {
            throw NotThere();
        }
    }
}
