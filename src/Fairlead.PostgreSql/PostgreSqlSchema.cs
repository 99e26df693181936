using Npgsql;

namespace Fairlead.PostgreSql;

/// <summary>What a server says of a store without opening it: nothing is made or changed.</summary>
internal static class PostgreSqlSchema
{
    /// <summary>Whether there is a store in the schema.</summary>
    /// <exception cref="Storage.StoreUnavailableException">The server cannot be reached, or refuses.</exception>
    /// <exception cref="Storage.StoreMismatchException">There is no such database.</exception>
    public static async ValueTask<bool> ExistsAsync(PostgreSqlStoreOptions options, CancellationToken cancellationToken) =>
        await AskAsync(options, "has_meta", static (question, texts) => question.Parameters.Add(new() { Value = texts.Schema }), cancellationToken) is not null;

    /// <summary>What the server of a store is.</summary>
    /// <inheritdoc cref="ExistsAsync" />
    public static async ValueTask<ServerFacts> LookAsync(PostgreSqlStoreOptions options, CancellationToken cancellationToken)
    {
        var row = (await AskAsync(options, "server_facts", static (_, _) => { }, cancellationToken))!;
        return new ServerFacts((string)row[0], (string)row[1] == "on" && (string)row[2] != "off", (long)row[3], new DateTimeOffset((DateTime)row[4]));
    }

    private static async ValueTask<object[]?> AskAsync(PostgreSqlStoreOptions options, string statement, Action<NpgsqlCommand, SqlText> bind, CancellationToken cancellationToken)
    {
        try
        {
            var texts = new SqlText(options.Schema);
            await using var connection = options.Connect();
            await connection.OpenAsync(cancellationToken);
            await using var question = new NpgsqlCommand(texts.Of(statement), connection);
            bind(question, texts);
            await using var answer = await question.ExecuteReaderAsync(cancellationToken);
            if (!await answer.ReadAsync(cancellationToken))
            {
                return null;
            }
            var row = new object[answer.FieldCount];
            answer.GetValues(row);
            return row;
        }
        catch (Exception error) when (PostgreSqlFault.Is(error))
        {
            throw PostgreSqlFault.ForUser(error, PostgreSqlUrl.Describe(options));
        }
    }
}

/// <summary>What a server says of itself.</summary>
/// <param name="Version">Its version.</param>
/// <param name="IsDurable">Whether a commit survives a power loss.</param>
/// <param name="MaxConnections">How many connections it takes.</param>
/// <param name="Now">Its clock.</param>
internal sealed record ServerFacts(string Version, bool IsDurable, long MaxConnections, DateTimeOffset Now);
