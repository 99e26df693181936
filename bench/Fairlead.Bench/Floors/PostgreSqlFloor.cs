using Npgsql;
using NpgsqlTypes;

namespace Fairlead.Bench.Floors;

/// <summary>What a server can do with the least that a job queue asks of it: rows are locked and read, then deleted, with one narrow row of history for each.</summary>
internal sealed class PostgreSqlFloor(string connectionString) : IAsyncDisposable
{
    private const string Schema = """
        CREATE TABLE job(id bigint PRIMARY KEY, queue bigint NOT NULL, payload bytea NOT NULL);
        CREATE TABLE history(id bigint PRIMARY KEY, ended bigint NOT NULL)
        """;

    private const string Claim = "SELECT id, payload FROM job ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED";
    private const string Delete = "DELETE FROM job WHERE id = ANY($1)";
    private const string Keep = "INSERT INTO history(id, ended) SELECT id, 1700000000000000 FROM unnest($1) id";

    private readonly NpgsqlDataSource server = NpgsqlDataSource.Create($"{connectionString};Max Auto Prepare=20;Auto Prepare Min Usages=1");

    /// <summary>Makes the tables, with so many rows of 20 bytes.</summary>
    public async Task FillAsync(int rows)
    {
        await using var connection = await server.OpenConnectionAsync();
        await using (var make = new NpgsqlCommand(Schema, connection))
        {
            await make.ExecuteNonQueryAsync();
        }
        var payload = new byte[20];
        await using var copy = await connection.BeginBinaryImportAsync("COPY job(id, queue, payload) FROM STDIN (FORMAT binary)");
        for (var id = 1L; id <= rows; id++)
        {
            await copy.WriteRowAsync(default, id, 1L, payload);
        }
        await copy.CompleteAsync();
    }

    /// <summary>Takes all rows and ends them.</summary>
    public Task CompleteAsync(int perBatch, int connections) => Task.WhenAll(Enumerable.Range(0, connections).Select(_ => Task.Run(() => CompleteAsync(perBatch))));

    public ValueTask DisposeAsync() => server.DisposeAsync();

    private async Task CompleteAsync(int perBatch)
    {
        await using var connection = await server.OpenConnectionAsync();
        while (await TakeAsync(connection, perBatch) is { Length: > 0 } ids)
        {
            await EndAsync(connection, ids);
        }
        await using var rollback = new NpgsqlCommand("ROLLBACK", connection);
        await rollback.ExecuteNonQueryAsync();
    }

    private static async Task<long[]> TakeAsync(NpgsqlConnection connection, int perBatch)
    {
        await using var batch = new NpgsqlBatch(connection) { BatchCommands = { new("BEGIN"), new(Claim) { Parameters = { new() { Value = (long)perBatch } } } } };
        await using var rows = await batch.ExecuteReaderAsync();
        var ids = new List<long>(perBatch);
        while (await rows.ReadAsync())
        {
            ids.Add(rows.GetInt64(0));
            _ = rows.GetFieldValue<byte[]>(1);
        }
        return [.. ids];
    }

    private static async Task EndAsync(NpgsqlConnection connection, long[] ids)
    {
        await using var batch = new NpgsqlBatch(connection) { BatchCommands = { Of(Delete, ids), Of(Keep, ids), new("COMMIT") } };
        await batch.ExecuteNonQueryAsync();
    }

    private static NpgsqlBatchCommand Of(string sql, long[] ids) =>
        new(sql) { Parameters = { new() { Value = ids, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint } } };
}
