using Fairlead.PostgreSql;
using Fairlead.Storage;
using Fairlead.Testing.Conformance;
using Npgsql;

namespace Fairlead.Servers.Tests.PostgreSql.Operations;

/// <summary>A role that owns nothing, with exactly what docs/postgresql.md lists, does all of a node's work.</summary>
public sealed class PrivilegeTests(SharedServer server)
{
    public static TheoryData<string> Cases => Representative.Cases;

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Is_enough_for(string promise)
    {
        var (connectionString, schema, role) = await ExportedAsync();
        await using var fixture = new PostgreSqlFixture(connectionString, schema, options => options with { ConnectionString = As(role, connectionString) });
        await StoreConformance.Find(promise).RunAsync(fixture);
    }

    [Fact]
    public async Task The_role_may_make_nothing()
    {
        var (connectionString, schema, role) = await ExportedAsync();
        foreach (var refused in (string[])[$"CREATE TABLE {schema}.mine(x int)", $"TRUNCATE {schema}.job", $"DROP TABLE {schema}.job", $"ALTER TABLE {schema}.job ADD mine int"])
        {
            (await Should.ThrowAsync<PostgresException>(() => ExecuteAsync(As(role, connectionString), refused))).SqlState.ShouldBe(PostgresErrorCodes.InsufficientPrivilege);
        }
    }

    [Fact]
    public async Task What_is_missing_is_named_by_the_call_that_needs_it()
    {
        var (connectionString, schema, role) = await ExportedAsync();
        await using var store = new PostgreSqlJobStore(new PostgreSqlStoreOptions { ConnectionString = As(role, connectionString), Schema = schema });
        await store.OpenAsync();
        await ExecuteAsync(connectionString, $"REVOKE INSERT ON {schema}.job FROM {role}");
        var refusal = await Should.ThrowAsync<StoreUnavailableException>(async () => await store.EnqueueAsync([new() { Queue = "q", Kind = new("k") }]));
        refusal.Message.ShouldContain("permission denied for table job");
        refusal.Message.ShouldContain("docs/postgresql.md");
        await ExecuteAsync(connectionString, $"GRANT INSERT ON {schema}.job TO {role}");
        (await store.EnqueueAsync([new() { Queue = "q", Kind = new("k") }])).Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_schema_that_may_not_be_looked_into_is_not_taken_for_none()
    {
        var (connectionString, schema, role) = await ExportedAsync();
        await ExecuteAsync(connectionString, $"REVOKE USAGE ON SCHEMA {schema} FROM {role}");
        await using var store = new PostgreSqlJobStore(new PostgreSqlStoreOptions { ConnectionString = As(role, connectionString), Schema = schema });
        (await Should.ThrowAsync<StoreUnavailableException>(async () => await store.OpenAsync())).Message.ShouldContain($"permission denied for schema {schema}");
    }

    /// <summary>A schema as an administrator makes it, by psql, for a role of its own.</summary>
    private async Task<(string ConnectionString, string Schema, string Role)> ExportedAsync()
    {
        var (connectionString, schema) = await server.NewSchemaAsync();
        var role = $"node_{schema}";
        await Psql.RunAsync((await server.ServerAsync()).Port, "postgres", $"CREATE ROLE {role} LOGIN;\n{SchemaScript.Write(schema, role: role)}");
        return (connectionString, schema, role);
    }

    private static string As(string role, string connectionString) => new NpgsqlConnectionStringBuilder(connectionString) { Username = role }.ConnectionString;

    private static async Task ExecuteAsync(string connectionString, string sql)
    {
        await using var connection = new NpgsqlConnection(connectionString + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
