using System.Collections.Concurrent;
using Fairlead.PostgreSql;
using Fairlead.Storage;
using Npgsql;

namespace Fairlead.Servers.Tests.PostgreSql.BadDays;

/// <summary>Signals to other nodes are few, and none is lost.</summary>
public sealed class SignalTests(SharedServer server)
{
    private static readonly NewJob s_job = new() { Queue = "q", Kind = new("work") };

    [Fact]
    public async Task A_busy_store_tells_the_others_at_most_once_in_five_milliseconds()
    {
        var (connectionString, schema) = await server.NewSchemaAsync();
        await using var store = await OpenAsync(connectionString, schema);
        await using var listening = await ListenAsync(connectionString, schema);
        var told = new ConcurrentQueue<string>();
        listening.Notification += (_, notification) => told.Enqueue(notification.Payload);
        var began = TimeProvider.System.GetTimestamp();
        for (var i = 0; i < 300; i++)
        {
            await store.EnqueueAsync([s_job]);
        }
        var most = (TimeProvider.System.GetElapsedTime(began).TotalMilliseconds / 5) + 2;
        await using (var last = new NpgsqlCommand($"NOTIFY \"{Signals.Channel(schema)}\", 'last'", listening))
        {
            await last.ExecuteNonQueryAsync();
        }
        Assert.Contains("last", told);
        Assert.InRange(told.Count - 1, 1, most);
    }

    [Fact]
    public async Task The_last_of_many_signals_goes_out_by_itself()
    {
        var (connectionString, schema) = await server.NewSchemaAsync();
        await using var store = await OpenAsync(connectionString, schema);
        await using var other = await OpenAsync(connectionString, schema);
        var heard = new Heard();
        using var listener = other.Listen(heard.Add);
        await Until.TrueAsync(() => heard.Count(Heard.Everything) == 1, "the listener listens");
        heard.Clear();
        for (var round = 0; round < 20; round++)
        {
            await store.EnqueueAsync([s_job]);
            await store.PauseAsync("q");
            await Until.TrueAsync(() => heard.Any(StoreSignals.Control), "the pause is heard of");
            heard.Clear();
        }
    }

    [Fact]
    public async Task A_store_does_not_hear_again_what_it_said_itself()
    {
        var (connectionString, schema) = await server.NewSchemaAsync();
        await using var store = await OpenAsync(connectionString, schema);
        await using var other = await OpenAsync(connectionString, schema);
        var heard = new Heard();
        using var listener = store.Listen(heard.Add);
        await Until.TrueAsync(() => heard.Count(Heard.Everything) == 1, "the listener listens");
        heard.Clear();
        for (var i = 0; i < 20; i++)
        {
            await store.EnqueueAsync([s_job]);
        }
        // Whatever came back of these comes before this, and the last of them before the next.
        await other.PauseAsync("q");
        await Until.TrueAsync(() => heard.Any(StoreSignals.Control), "the other is heard");
        await store.EnqueueAsync([s_job]);
        await other.ResumeAsync("q");
        await Until.TrueAsync(() => heard.CountOf(StoreSignals.Control) == 2, "the other is heard again");
        Assert.Equal(23, heard.All);
    }

    private static async Task<PostgreSqlJobStore> OpenAsync(string connectionString, string schema)
    {
        var store = new PostgreSqlJobStore(new PostgreSqlStoreOptions { ConnectionString = connectionString, Schema = schema });
        await store.OpenAsync();
        return store;
    }

    private static async Task<NpgsqlConnection> ListenAsync(string connectionString, string schema)
    {
        var connection = new NpgsqlConnection(connectionString + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand($"LISTEN \"{Signals.Channel(schema)}\"", connection);
        await command.ExecuteNonQueryAsync();
        return connection;
    }
}
