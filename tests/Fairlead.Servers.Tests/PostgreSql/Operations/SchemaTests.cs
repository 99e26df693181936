using Fairlead.PostgreSql;
using Fairlead.Storage;
using Npgsql;

namespace Fairlead.Servers.Tests.PostgreSql.Operations;

/// <summary>Two stores in two schemas of one database know nothing of each other.</summary>
public sealed class SchemaTests(SharedServer server)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Names_ids_and_keys_are_their_own()
    {
        await using var one = await OpenAsync();
        await using var two = await OpenAsync();
        (await one.Store.EnqueueAsync([Job("k"), Job("l")])).Select(added => added.Id.Value).ShouldBe([1, 2]);
        (await two.Store.EnqueueAsync([Job("k")]))[0].ShouldBe(new EnqueuedJob(new(1), false));
        await one.Store.PauseAsync("q");
        (await two.Store.ListQueuesAsync()).Single().Paused.ShouldBeFalse();
        (await two.Store.ListQueuesAsync()).Single().Jobs.Total.ShouldBe(1);
        (await one.Store.ListQueuesAsync()).Single().Jobs.Total.ShouldBe(2);
    }

    [Fact]
    public async Task Who_has_the_turn_of_one_does_not_hold_up_the_other()
    {
        await using var one = await OpenAsync();
        await using var two = await OpenAsync();
        await using var holder = new NpgsqlConnection(one.Options.ConnectionString);
        await holder.OpenAsync();
        await using var turn = await holder.BeginTransactionAsync();
        await using (var take = new NpgsqlCommand(new SqlText(one.Options.Schema).Of("take_turn"), holder))
        {
            take.Parameters.Add(new() { Value = "60000" });
            take.Parameters.Add(new() { Value = one.Options.Schema });
            await take.ExecuteNonQueryAsync();
        }
        var waits = one.Store.PauseAsync("q").AsTask();
        await two.Store.PauseAsync("q").AsTask().WaitAsync(Patience);
        waits.IsCompleted.ShouldBeFalse();
        await turn.RollbackAsync();
        await waits.WaitAsync(Patience);
    }

    [Fact]
    public async Task Signals_of_one_are_not_heard_in_the_other()
    {
        await using var one = await OpenAsync();
        await using var two = await OpenAsync();
        await using var beside = new PostgreSqlJobStore(two.Options);
        await beside.OpenAsync();
        var heard = System.Threading.Channels.Channel.CreateUnbounded<StoreSignals>();
        using var listening = beside.Listen(signals => heard.Writer.TryWrite(signals));
        using var deadline = new CancellationTokenSource(Patience);
        // All at once when it begins to listen; from then on, what is committed.
        (await heard.Reader.ReadAsync(deadline.Token)).HasFlag(StoreSignals.Schedules).ShouldBeTrue();
        await one.Store.PauseAsync("q");
        await two.Store.EnqueueAsync([Job("k")]);
        (await heard.Reader.ReadAsync(deadline.Token)).ShouldBe(StoreSignals.Work);
    }

    [Theory]
    [InlineData("postgres://u:p@h:5433/d?schema=jobs", "jobs", false, null)]
    [InlineData("postgres://u:p@h/d?pooled=true", "fairlead", true, null)]
    [InlineData("postgres://u:p@h:6432/d?direct=server:5434&schema=x", "x", true, "server")]
    public void A_URL_says_where_it_is(string url, string schema, bool pooled, string? direct)
    {
        var options = PostgreSqlUrl.ToOptions(url);
        (options.Schema, options.Pooled, options.Listens).ShouldBe((schema, pooled, !pooled || direct is not null));
        if (direct is not null)
        {
            var builder = new NpgsqlConnectionStringBuilder(options.DirectConnectionString);
            (builder.Host, builder.Port, builder.Username, builder.Password, builder.Database).ShouldBe((direct, 5434, "u", "p", "d"));
        }
    }

    [Theory]
    [InlineData("postgres://u:p@h/d?schema=No", "small letters")]
    [InlineData("postgres://u:p@h/d?schema=a\"b", "small letters")]
    [InlineData("postgres://u:p@h/d?direct=a:b:c", "host:port")]
    public void What_is_no_address_is_said(string url, string problem) =>
        Should.Throw<ArgumentException>(() => PostgreSqlUrl.ToOptions(url)).Message.ShouldContain(problem);

    private static NewJob Job(string key) => new() { Queue = "q", Kind = new("k"), UniqueKey = key, Payload = "{}"u8.ToArray() };

    private async Task<Opened> OpenAsync()
    {
        var (connectionString, schema) = await server.NewSchemaAsync();
        var options = new PostgreSqlStoreOptions { ConnectionString = connectionString, Schema = schema };
        var store = new PostgreSqlJobStore(options);
        await store.OpenAsync();
        return new(store, options);
    }

    private sealed record Opened(PostgreSqlJobStore Store, PostgreSqlStoreOptions Options) : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => Store.DisposeAsync();
    }
}
