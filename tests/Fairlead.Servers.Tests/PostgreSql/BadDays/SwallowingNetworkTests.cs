using Fairlead.Bench;
using Fairlead.PostgreSql;
using Fairlead.Storage;

namespace Fairlead.Servers.Tests.PostgreSql.BadDays;

/// <summary>A network that takes everything and brings nothing.</summary>
public sealed class SwallowingNetworkTests(OwnServer own) : IClassFixture<OwnServer>
{
    private static readonly NewJob s_job = new() { Queue = "q", Kind = new("work") };

    [Fact]
    public async Task A_writing_and_a_reading_call_give_up_and_the_store_heals()
    {
        using var network = TcpProxy.To(own.Server.Port);
        await using var store = await OpenAsync(own.Options(own.NewSchema(), network.Port));
        await store.EnqueueAsync([s_job]);
        _ = await store.ListQueuesAsync();
        network.Swallow();
        var write = store.EnqueueAsync([s_job]).AsTask();
        var read = Task.Run(async () => await store.ListQueuesAsync());
        var refused = await Assert.ThrowsAsync<StoreUnavailableException>(() => write.WithinPatienceAsync());
        Assert.Contains("did not answer in time", refused.Message);
        await Assert.ThrowsAsync<StoreUnavailableException>(() => read.WithinPatienceAsync());
        // A new connection gets no answer either.
        await Assert.ThrowsAsync<StoreUnavailableException>(() => store.EnqueueAsync([s_job]).AsTask().WithinPatienceAsync());
        network.PassOn();
        await Until.AnsweredAsync(() => store.EnqueueAsync([s_job]));
        Assert.InRange((await store.ListQueuesAsync())[0].Jobs.Total, 2, 4);
    }

    [Fact]
    public async Task A_listener_notices_and_hears_again()
    {
        var schema = own.NewSchema();
        using var network = TcpProxy.To(own.Server.Port);
        await using var store = await OpenAsync(own.Options(schema, network.Port));
        await using var other = await OpenAsync(own.Options(schema));
        var heard = new Heard();
        using var listener = store.Listen(heard.Add);
        await Until.TrueAsync(() => heard.Count(Heard.Everything) == 1, "the listener listens");
        var before = network.Accepted;
        network.Swallow();
        await Until.TrueAsync(() => network.Accepted > before, "the listener has given up its connection and tries another");
        network.PassOn();
        await Until.TrueAsync(() => heard.Count(Heard.Everything) == 2, "it listens again");
        heard.Clear();
        await other.EnqueueAsync([s_job]);
        await Until.TrueAsync(() => heard.Any(StoreSignals.Work), "it hears of the job");
    }

    [Fact]
    public async Task A_slow_network_is_only_slow()
    {
        using var network = TcpProxy.To(own.Server.Port);
        (network.ToServer, network.ToClient) = (TimeSpan.FromMilliseconds(50), TimeSpan.FromMilliseconds(50));
        await using var node = await WorkingNode.StartAsync(own.Options(own.NewSchema(), network.Port));
        var jobs = await node.Jobs.EnqueueManyAsync(Enumerable.Range(0, 20).Select(static i => new WorkingNode.Note(i)));
        await Until.TrueAsync(() => jobs.All(job => node.Ran.ContainsKey(job.Id)), "all jobs ran");
        Assert.All(node.Ran.Values, static times => Assert.Equal(1, times));
    }

    private static async Task<PostgreSqlJobStore> OpenAsync(PostgreSqlStoreOptions options)
    {
        var store = new PostgreSqlJobStore(options);
        await store.OpenAsync();
        return store;
    }
}
