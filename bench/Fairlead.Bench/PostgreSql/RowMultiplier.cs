using Npgsql;

namespace Fairlead.Bench.PostgreSql;

/// <summary>Fills a store's tables with rows that differ from one it wrote itself only in what is said, whatever columns it has.</summary>
internal sealed class RowMultiplier(NpgsqlConnection connection, string schema)
{
    private const long PerStatement = 500_000;

    /// <summary>Adds a row for each number <c>i</c> from one to another, both included.</summary>
    /// <param name="table">The table.</param>
    /// <param name="sample">Which row is the pattern, as a condition.</param>
    /// <param name="first">The first number.</param>
    /// <param name="last">The last number.</param>
    /// <param name="differ">Columns, and what they hold: an expression over <c>i</c> and <c>sample</c>.</param>
    public async Task AddAsync(string table, string sample, long first, long last, params (string Column, string Holds)[] differ)
    {
        var columns = await ColumnsAsync(table);
        var holds = columns.Select(column => differ.FirstOrDefault(pair => pair.Column == column).Holds ?? $"sample.\"{column}\"");
        for (var from = first; from <= last; from += PerStatement)
        {
            await ExecuteAsync($"""
                INSERT INTO {schema}."{table}"({string.Join(", ", columns.Select(static column => $"\"{column}\""))}) OVERRIDING SYSTEM VALUE
                SELECT {string.Join(", ", holds)} FROM (SELECT * FROM {schema}."{table}" WHERE {sample}) sample, generate_series({from}, {Math.Min(last, from + PerStatement - 1)}) i
                """);
        }
    }

    /// <summary>Runs a statement.</summary>
    /// <returns>How many rows it changed.</returns>
    public async Task<int> ExecuteAsync(string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        return await command.ExecuteNonQueryAsync();
    }

    private async Task<List<string>> ColumnsAsync(string table)
    {
        await using var command = new NpgsqlCommand("SELECT column_name FROM information_schema.columns WHERE table_schema = $1 AND table_name = $2 ORDER BY ordinal_position", connection)
        {
            Parameters = { new() { Value = schema }, new() { Value = table } },
        };
        await using var rows = await command.ExecuteReaderAsync();
        var columns = new List<string>();
        while (await rows.ReadAsync())
        {
            columns.Add(rows.GetString(0));
        }
        return columns;
    }
}
