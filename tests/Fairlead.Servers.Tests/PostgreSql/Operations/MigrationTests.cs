using Fairlead.PostgreSql;
using Fairlead.Storage;
using Npgsql;

namespace Fairlead.Servers.Tests.PostgreSql.Operations;

/// <summary>A schema is made once, whole or not at all, by programs and by psql alike.</summary>
public sealed class MigrationTests(SharedServer server)
{
    private const int Racers = 12;

    [Fact]
    public async Task Many_that_open_at_the_same_time_make_it_once()
    {
        var options = await OptionsAsync();
        using var start = new Barrier(Racers);
        var opened = Enumerable.Range(0, Racers).Select(_ => Task.Factory.StartNew(
            () =>
            {
                var store = new PostgreSqlJobStore(options);
                start.SignalAndWait();
                return store.OpenAsync().IsCompletedSuccessfully ? store : null;
            },
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)).ToArray();
        var stores = await Task.WhenAll(opened);
        stores.ShouldAllBe(store => store != null);
        await Task.WhenAll(stores.Select(store => store!.EnqueueAsync([Job()]).AsTask()));
        (await stores[0]!.GetJobAsync(new(Racers))).ShouldNotBeNull();
        (await AskAsync(options, $"SELECT value FROM {options.Schema}.meta WHERE name = 'schema'")).ShouldBe((long)new SqlText(options.Schema).Migrations.Count);
        await Task.WhenAll(stores.Select(store => store!.DisposeAsync().AsTask()));
    }

    [Fact]
    public async Task A_newer_schema_is_refused_with_both_versions()
    {
        var options = await MadeAsync();
        await ExecuteAsync(options, $"UPDATE {options.Schema}.meta SET value = 99 WHERE name = 'schema'");
        await using var store = new PostgreSqlJobStore(options);
        var refusal = await Should.ThrowAsync<StoreMismatchException>(async () => await store.OpenAsync());
        refusal.Message.ShouldContain("schema version 99");
        refusal.Message.ShouldContain("knows up to 1");
    }

    [Fact]
    public async Task What_cannot_be_made_whole_is_not_made_at_all()
    {
        var options = await OptionsAsync();
        await ExecuteAsync(options, $"CREATE SCHEMA {options.Schema}; CREATE TABLE {options.Schema}.held(mine int)");
        await using var store = new PostgreSqlJobStore(options);
        (await Should.ThrowAsync<StoreUnavailableException>(async () => await store.OpenAsync())).Message.ShouldContain("\"held\" already exists");
        (await AskAsync(options, $"SELECT count(*) FROM pg_tables WHERE schemaname = '{options.Schema}'")).ShouldBe(1L);
        await ExecuteAsync(options, $"DROP TABLE {options.Schema}.held");
        await store.OpenAsync();
    }

    [Fact]
    public async Task What_psql_makes_of_the_exported_text_is_what_a_program_makes()
    {
        var (made, exported) = (await MadeAsync(), await OptionsAsync());
        await Psql.RunAsync((await server.ServerAsync()).Port, "postgres", SchemaScript.Write(exported.Schema));
        var catalog = await CatalogAsync(made);
        catalog.Split('\n').Length.ShouldBeGreaterThan(200);
        (await CatalogAsync(exported)).ShouldBe(catalog);
        await using var store = new PostgreSqlJobStore(exported);
        await store.OpenAsync();
        (await store.EnqueueAsync([Job()]))[0].Id.ShouldBe(new JobId(1));
    }

    [Fact]
    public async Task An_export_from_a_version_has_only_what_is_missing()
    {
        var options = await MadeAsync();
        var nothing = SchemaScript.Write(options.Schema, new SqlText(options.Schema).Migrations.Count);
        nothing.ShouldNotContain("CREATE");
        await Psql.RunAsync((await server.ServerAsync()).Port, "postgres", nothing);
        Should.Throw<ArgumentException>(() => SchemaScript.Write(options.Schema, 99)).Message.ShouldContain("99");
        Should.Throw<ArgumentException>(() => SchemaScript.Write("x; DROP")).Message.ShouldContain("small letters");
    }

    [Fact]
    public async Task An_empty_schema_of_its_own_is_enough_for_a_role_that_may_make_none()
    {
        var options = await OptionsAsync();
        var role = $"maker_{options.Schema}";
        await ExecuteAsync(options, $"CREATE ROLE {role} LOGIN; CREATE SCHEMA {options.Schema} AUTHORIZATION {role}");
        var own = new NpgsqlConnectionStringBuilder(options.ConnectionString) { Username = role }.ConnectionString;
        await using var store = new PostgreSqlJobStore(options with { ConnectionString = own });
        await store.OpenAsync();
        (await store.EnqueueAsync([Job()])).Count.ShouldBe(1);
        await using var elsewhere = new PostgreSqlJobStore(options with { ConnectionString = own, Schema = options.Schema + "_other" });
        var refusal = await Should.ThrowAsync<StoreUnavailableException>(async () => await elsewhere.OpenAsync());
        refusal.Message.ShouldContain("permission denied for database");
        refusal.Message.ShouldContain("docs/postgresql.md");
    }

    private static NewJob Job() => new() { Queue = "q", Kind = new("k"), Payload = "{}"u8.ToArray() };

    private async Task<PostgreSqlStoreOptions> OptionsAsync()
    {
        var (connectionString, schema) = await server.NewSchemaAsync();
        return new() { ConnectionString = connectionString, Schema = schema };
    }

    private async Task<PostgreSqlStoreOptions> MadeAsync()
    {
        var options = await OptionsAsync();
        await using var store = new PostgreSqlJobStore(options);
        await store.OpenAsync();
        return options;
    }

    /// <summary>Everything that was made: columns, defaults, indexes, settings.</summary>
    private async Task<string> CatalogAsync(PostgreSqlStoreOptions options) => (await Psql.RunAsync((await server.ServerAsync()).Port, "postgres", $"""
        SELECT c.relname, c.relkind, c.reloptions, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attcollation, pg_get_expr(d.adbin, d.adrelid)
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
        WHERE c.relnamespace = '{options.Schema}'::regnamespace AND a.attnum > 0 ORDER BY c.relname, a.attnum;
        SELECT indexdef FROM pg_indexes WHERE schemaname = '{options.Schema}' ORDER BY 1;
        SELECT name, value FROM {options.Schema}.meta WHERE name <> 'identity' ORDER BY 1;
        """)).Replace(options.Schema + ".", "", StringComparison.Ordinal);

    private static async Task ExecuteAsync(PostgreSqlStoreOptions options, string sql) => await AskAsync(options, sql);

    private static async Task<object?> AskAsync(PostgreSqlStoreOptions options, string sql)
    {
        await using var connection = new NpgsqlConnection(options.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }
}
