using System.Diagnostics;
using Npgsql;

namespace Fairlead.Bench.Floors;

/// <summary>COPY of the very rows that a store wrote, as bytes, into tables with the same columns and indexes: nothing is made of them on either side.</summary>
internal sealed class CopyFloor
{
    private readonly string connectionString;
    private readonly string schema;
    private readonly List<(string Table, List<byte[]> Chunks)> written;

    private CopyFloor(string connectionString, string schema, List<(string Table, List<byte[]> Chunks)> written) =>
        (this.connectionString, this.schema, this.written) = (connectionString, schema, written);

    /// <summary>The tables that hold a row for each job.</summary>
    public IEnumerable<string> Tables => written.Select(static table => table.Table);

    /// <summary>Reads what a store wrote for so many jobs, in chunks of so many rows.</summary>
    public static async Task<CopyFloor> OfAsync(string connectionString, string schema, int jobs, int perChunk)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        // Rows come in the order in which they were written.
        await ExecuteAsync(connection, "SET synchronize_seqscans = off");
        var copies = new List<(string, List<byte[]>)>();
        foreach (var table in await TablesAsync(connection, schema))
        {
            if (await CountAsync(connection, $"{schema}.\"{table}\"") >= jobs)
            {
                copies.Add((table, await ReadAsync(connection, $"{schema}.\"{table}\"", jobs, perChunk)));
            }
        }
        return new CopyFloor(connectionString, schema, copies);
    }

    /// <summary>Writes them again, a chunk of each table a transaction, and says how many jobs a second that is.</summary>
    public async Task<double> PerSecondAsync()
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        await ExecuteAsync(connection, $"CREATE SCHEMA floor; {string.Concat(Tables.Select(table => $"CREATE TABLE floor.\"{table}\"(LIKE {schema}.\"{table}\" INCLUDING ALL);"))}");
        var began = Stopwatch.GetTimestamp();
        for (var chunk = 0; chunk < written[0].Chunks.Count; chunk++)
        {
            await ExecuteAsync(connection, "BEGIN");
            foreach (var (table, chunks) in written)
            {
                await using var copy = await connection.BeginRawBinaryCopyAsync($"COPY floor.\"{table}\" FROM STDIN (FORMAT binary)");
                await copy.WriteAsync(chunks[chunk]);
            }
            await ExecuteAsync(connection, "COMMIT");
        }
        var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        return await CountAsync(connection, $"floor.\"{written[0].Table}\"") / seconds;
    }

    private static async Task<List<byte[]>> ReadAsync(NpgsqlConnection connection, string table, int rows, int perChunk)
    {
        var chunks = new List<byte[]>();
        for (var done = 0; done < rows; done += perChunk)
        {
            await using var copy = await connection.BeginRawBinaryCopyAsync($"COPY (SELECT * FROM {table} LIMIT {Math.Min(perChunk, rows - done)} OFFSET {done}) TO STDOUT (FORMAT binary)");
            using var bytes = new MemoryStream();
            await copy.CopyToAsync(bytes);
            chunks.Add(bytes.ToArray());
        }
        return chunks;
    }

    private static async Task<List<string>> TablesAsync(NpgsqlConnection connection, string schema)
    {
        await using var command = new NpgsqlCommand("SELECT tablename FROM pg_tables WHERE schemaname = $1 ORDER BY tablename", connection) { Parameters = { new() { Value = schema } } };
        await using var rows = await command.ExecuteReaderAsync();
        var tables = new List<string>();
        while (await rows.ReadAsync())
        {
            tables.Add(rows.GetString(0));
        }
        return tables;
    }

    private static async Task<long> CountAsync(NpgsqlConnection connection, string table)
    {
        await using var command = new NpgsqlCommand($"SELECT count(*) FROM {table}", connection);
        return (long)(await command.ExecuteScalarAsync())!;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
