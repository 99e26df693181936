using Fairlead.PostgreSql;
using Npgsql;

namespace Fairlead.Servers.Tests.PostgreSql.Operations;

/// <summary>No statement of Sql/*.sql reads a whole table that grows, whatever its values: looked at one by one, on a store that is filled and on an empty one.</summary>
public sealed class PlanTests(SharedServer server)
{
    private static readonly HashSet<string> s_big =
    [
        "job", "ready", "waiting", "running", "ended", "attempt", "wait", "log", "grouped", "group", "lane", "key", "unique", "dependency", "deadline", "block", "batch", "tally",
        "parent", "held", "limit_state",
    ];

    /// <summary>Statements that may, and why.</summary>
    private static readonly Dictionary<string, string> s_exceptions = new()
    {
        ["groups_held"] = "group_wake holds only the groups that something blocks for a time, and an operator changed a limit",
        ["unreserve_all"] = "waiting_solo holds only the jobs that lost two nodes, and a node has ended",
    };

    /// <summary>A plan is made once, at a connection's first use, be the tables empty then or full: it must be right for what they become.</summary>
    /// <param name="full">Whether there is anything in the tables, and the server has counted it.</param>
    /// <param name="writes">As a writing transaction does it, or as whoever only reads.</param>
    [Theory]
    [InlineData(true, false)]
    [InlineData(true, true)]
    [InlineData(false, true)]
    public async Task No_statement_reads_a_whole_table(bool full, bool writes)
    {
        await using var filled = await StoreAsync(full);
        if (writes)
        {
            // For the session instead of a transaction, which would not survive the server's questions about types.
            await filled.ExecuteAsync(filled.Texts.Of("plan_by_keys").Replace("true)", "false)", StringComparison.Ordinal));
        }
        var plan = new StatementPlan(filled.Connection);
        var found = new List<string>();
        // COPY has no plan: it only adds.
        var names = SqlText.Names.Where(name => !filled.Texts.Of(name).Contains("\nCOPY ", StringComparison.Ordinal)).Order(StringComparer.Ordinal).ToList();
        names.Count.ShouldBeGreaterThan(200);
        foreach (var name in names)
        {
            var problems = await plan.ProblemsAsync(filled.Texts.Of(name), s_big, filled.FirstColumns);
            found.AddRange(problems.Where(_ => !s_exceptions.ContainsKey(name)).Select(problem => $"{name} {problem}"));
            (problems.Count == 0 && full && s_exceptions.ContainsKey(name)).ShouldBeFalse($"{name} needs no exception any more");
        }
        found.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("SELECT 1 FROM fairlead.job WHERE group_key = $1", "reads all of job")]
    [InlineData("SELECT job FROM fairlead.running WHERE job = $1", "running_pkey by (job = $1), which says nothing of node")]
    [InlineData("SELECT count(*) FROM fairlead.ended WHERE status > 4", "reads all of index ended_badly")]
    public async Task A_careless_statement_is_found(string statement, string problem)
    {
        await using var filled = await StoreAsync(full: true);
        await filled.ExecuteAsync($"SET enable_seqscan = {(problem.Contains("all of job", StringComparison.Ordinal) ? "on" : "off")}");
        var careless = statement.Replace("fairlead.", $"{filled.Texts.Schema}.", StringComparison.Ordinal);
        string.Join('\n', await new StatementPlan(filled.Connection).ProblemsAsync(careless, s_big, filled.FirstColumns)).ShouldContain(problem);
    }

    private async Task<Filled> StoreAsync(bool full)
    {
        var (connectionString, schema) = await server.NewSchemaAsync();
        await using (var empty = new PostgreSqlJobStore(new PostgreSqlStoreOptions { ConnectionString = connectionString, Schema = schema }))
        {
            await empty.OpenAsync();
        }
        using var reader = new StreamReader(typeof(PlanTests).Assembly.GetManifestResourceStream("Fairlead.Servers.Tests.PostgreSql.Operations.FilledStore.sql")!);
        var fill = full ? (await reader.ReadToEndAsync()).Replace("fairlead.", $"{schema}.", StringComparison.Ordinal) : "VACUUM ANALYZE";
        await Psql.RunAsync((await server.ServerAsync()).Port, "postgres", fill);
        var connection = new NpgsqlConnection(connectionString + ";Pooling=false");
        await connection.OpenAsync();
        var store = new Filled(connection, new SqlText(schema), await FirstColumnsAsync(connection, schema));
        await store.ExecuteAsync("SET plan_cache_mode = force_generic_plan");
        return store;
    }

    private static async Task<Dictionary<string, string>> FirstColumnsAsync(NpgsqlConnection connection, string schema)
    {
        var columns = new Dictionary<string, string>();
        await using var question = new NpgsqlCommand("""
            SELECT c.relname, a.attname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = 1 WHERE c.relnamespace = $1::regnamespace AND t.relname = ANY($2)
            """, connection)
        { Parameters = { new() { Value = schema, DataTypeName = "text" }, new() { Value = s_big.ToArray() } } };
        await using var row = await question.ExecuteReaderAsync();
        while (await row.ReadAsync())
        {
            columns.Add(row.GetString(0), row.GetString(1));
        }
        return columns;
    }

    private sealed record Filled(NpgsqlConnection Connection, SqlText Texts, Dictionary<string, string> FirstColumns) : IAsyncDisposable
    {
        public async Task ExecuteAsync(string sql)
        {
            await using var command = new NpgsqlCommand(sql, Connection);
            await command.ExecuteNonQueryAsync();
        }

        // Many rows: the next one fills its own.
        public async ValueTask DisposeAsync()
        {
            await ExecuteAsync($"DROP SCHEMA {Texts.Schema} CASCADE");
            await Connection.DisposeAsync();
        }
    }
}
