using Fairlead.Bench;
using Fairlead.PostgreSql;
using Fairlead.Storage;
using Npgsql;

namespace Fairlead.Servers.Tests.PostgreSql.BadDays;

/// <summary>A node that stands still, or is gone, while it holds the turn does not hold up the others for long.</summary>
public sealed class SilentTurnTests(OwnServer own) : IClassFixture<OwnServer>
{
    private static readonly NewJob s_job = new() { Queue = "q", Kind = new("work") };

    [Fact]
    public async Task Who_says_nothing_between_two_messages_is_ended_by_the_server()
    {
        var schema = own.NewSchema();
        await using var store = await OpenAsync(own.Options(schema));
        await using var silent = await TakeTurnAsync(schema, own.Server.Port);
        Assert.False((await store.EnqueueAsync([s_job]).AsTask().WithinPatienceAsync())[0].Existing);
        var ended = await Assert.ThrowsAsync<PostgresException>(async () => await ExecuteAsync(silent, "SELECT 1"));
        Assert.Equal("25P03", ended.SqlState);
    }

    [Fact]
    public async Task Who_stands_still_in_the_middle_of_a_message_is_ended_by_who_waits()
    {
        var schema = own.NewSchema();
        using var network = TcpProxy.To(own.Server.Port);
        await using var store = await OpenAsync(own.Options(schema));
        await using var silent = await TakeTurnAsync(schema, network.Port);
        // A pipeline of which only the first statement arrives: the server waits for the rest without any time limit of its own.
        network.StopAt = "'the rest'"u8.ToArray();
        await using var batch = new NpgsqlBatch(silent) { BatchCommands = { new($"SELECT '{new string('x', 20_000)}'"), new("SELECT 'the rest'") } };
        var stopped = batch.ExecuteNonQueryAsync();
        Assert.False((await store.EnqueueAsync([s_job]).AsTask().WithinPatienceAsync())[0].Existing);
        network.CutAll();
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => stopped.WithinPatienceAsync());
    }

    [Fact]
    public async Task Who_takes_in_no_answer_is_ended()
    {
        var schema = own.NewSchema();
        using var network = TcpProxy.To(own.Server.Port);
        await using var store = await OpenAsync(own.Options(schema));
        await using var silent = await TakeTurnAsync(schema, network.Port);
        network.SwallowAfter = 1_000_000;
        var stopped = ExecuteAsync(silent, "SELECT repeat('x', 1000000) FROM generate_series(1, 200)");
        Assert.False((await store.EnqueueAsync([s_job]).AsTask().WithinPatienceAsync())[0].Existing);
        Assert.False(network.IsFlowing);
        network.CutAll();
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => stopped.WithinPatienceAsync());
    }

    [Fact]
    public async Task Who_works_on_is_waited_for()
    {
        var schema = own.NewSchema();
        await using var store = await OpenAsync(own.Options(schema));
        await using var busy = await TakeTurnAsync(schema, own.Server.Port);
        var working = ExecuteAsync(busy, "SELECT pg_sleep(4)");
        var waiting = store.EnqueueAsync([s_job]).AsTask();
        await working.WithinPatienceAsync();
        await ExecuteAsync(busy, "COMMIT");
        Assert.False((await waiting.WithinPatienceAsync())[0].Existing);
    }

    [Fact]
    public async Task Who_works_for_too_long_is_named_in_the_error()
    {
        var schema = own.NewSchema();
        await using var store = await OpenAsync(own.Options(schema));
        await using var busy = await TakeTurnAsync(schema, own.Server.Port);
        var working = ExecuteAsync(busy, "SELECT pg_sleep(30)");
        var refused = await Assert.ThrowsAsync<StoreUnavailableException>(() => store.EnqueueAsync([s_job]).AsTask().WithinPatienceAsync());
        Assert.Contains("Another transaction", refused.Message);
        Assert.False(working.IsCompleted);
        await own.NumberAsync($"SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(30)'");
        await Assert.ThrowsAsync<PostgresException>(() => working.WithinPatienceAsync());
    }

    private static async Task<PostgreSqlJobStore> OpenAsync(PostgreSqlStoreOptions options)
    {
        var store = new PostgreSqlJobStore(options);
        await store.OpenAsync();
        return store;
    }

    /// <summary>A connection in the middle of a writing transaction, as a node's writer is.</summary>
    private async Task<NpgsqlConnection> TakeTurnAsync(string schema, int port)
    {
        var connection = new NpgsqlConnection(own.Server.ConnectionString(port: port) + ";Pooling=false");
        await connection.OpenAsync();
        await ExecuteAsync(connection, "BEGIN");
        var texts = new SqlText(schema);
        await using var command = new NpgsqlCommand(texts.Of("take_turn"), connection) { Parameters = { new() { Value = "1000" }, new() { Value = schema } } };
        await command.ExecuteNonQueryAsync();
        return connection;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
