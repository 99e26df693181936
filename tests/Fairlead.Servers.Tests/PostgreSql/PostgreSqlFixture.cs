using Fairlead.PostgreSql;
using Fairlead.Storage;
using Fairlead.Testing;
using Fairlead.Testing.Conformance;
using Npgsql;

namespace Fairlead.Servers.Tests.PostgreSql;

/// <summary>A schema of the shared server as conformance cases see it.</summary>
/// <param name="connectionString">How the server's superuser reaches it.</param>
/// <param name="schema">The schema.</param>
/// <param name="change">How the stores reach it, where that is not the same.</param>
internal sealed class PostgreSqlFixture(string connectionString, string schema, Func<PostgreSqlStoreOptions, PostgreSqlStoreOptions>? change = null) : IStoreFixture
{
    public static async Task<PostgreSqlFixture> NewAsync(SharedServer server)
    {
        var (connectionString, schema) = await server.NewSchemaAsync();
        return new(connectionString, schema);
    }

    public async ValueTask<IJobStore> OpenAsync(TimeProvider clock)
    {
        var options = new PostgreSqlStoreOptions { ConnectionString = connectionString, Schema = schema };
        var store = new Process(new PostgreSqlJobStore(change?.Invoke(options) ?? options, clock, TimeProvider.System));
        await store.OpenAsync();
        return store;
    }

    /// <summary>Death is silence here: it is made long enough.</summary>
    public async ValueTask KillAsync(IJobStore store)
    {
        await store.DisposeAsync();
        await ExecuteAsync($"UPDATE {schema}.node SET heartbeat_at = heartbeat_at - lease WHERE left_at IS NULL AND id = ANY(ARRAY[{string.Join(',', ((Process)store).Nodes)}]::bigint[])");
    }

    public async ValueTask DisposeAsync() => await ExecuteAsync($"DROP SCHEMA IF EXISTS {schema} CASCADE");

    private async Task ExecuteAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    private sealed class Process(PostgreSqlJobStore store) : DelegatingJobStore(store)
    {
        public List<NodeId> Nodes { get; } = [];

        public override async ValueTask<NodeLease> JoinAsync(NodeRegistration registration, CancellationToken cancellationToken = default)
        {
            var lease = await base.JoinAsync(registration, cancellationToken);
            Nodes.Add(lease.Node);
            return lease;
        }
    }
}
