using Fairlead.PostgreSql;
using Fairlead.Storage;

namespace Fairlead.Servers.Tests.PostgreSql.BadDays;

/// <summary>The server goes away and comes back in the middle of work.</summary>
public sealed class ServerRestartTests(OwnServer own) : IClassFixture<OwnServer>
{
    [Theory]
    [InlineData("fast")]
    [InlineData("immediate")]
    public async Task What_was_acknowledged_is_done_and_everything_heals_by_itself(string mode)
    {
        var schema = own.NewSchema();
        await using var worker = await WorkingNode.StartAsync(own.Options(schema), "worker");
        await using var other = await WorkingNode.StartAsync(own.Options(schema), "other");
        await using var producer = new Producer(other.Jobs);
        await producer.AcknowledgesAsync(50);

        own.Server.Stop(mode);
        await Until.TrueAsync(() => !producer.Refused.IsEmpty, "a call is refused while the server is away");
        await own.Server.StartAgainAsync();

        await producer.AcknowledgesAsync(50);
        await producer.StopAsync();
        foreach (var job in producer.Acknowledged)
        {
            await Until.TrueAsync(async () => (await worker.Jobs.GetAsync(job))?.Status == JobStatus.Completed, () => $"job {job} is completed");
        }
        // Nobody died, only the server was away.
        var counters = await worker.Store.GetCountersAsync();
        Assert.Equal(0, counters.NodesLost);
        Assert.All(await worker.Store.ListNodesAsync(), static node => Assert.Null(node.LeftAt));
    }

    [Fact]
    public async Task A_listener_hears_again_and_is_told_everything_once()
    {
        var schema = own.NewSchema();
        await using var listening = new PostgreSqlJobStore(own.Options(schema));
        await using var speaking = new PostgreSqlJobStore(own.Options(schema));
        await listening.OpenAsync();
        await speaking.OpenAsync();
        var heard = new Heard();
        using var listener = listening.Listen(heard.Add);
        await Until.TrueAsync(() => heard.Count(Heard.Everything) == 1, "the listener listens");

        own.Server.Stop("immediate");
        await own.Server.StartAgainAsync();

        await Until.TrueAsync(() => heard.Count(Heard.Everything) == 2, "it is told everything");
        heard.Clear();
        await Until.AnsweredAsync(() => speaking.EnqueueAsync([new NewJob { Queue = "q", Kind = new("work") }]));
        await Until.TrueAsync(() => heard.Any(StoreSignals.Work), "it hears of the job");
        Assert.Equal(0, heard.Count(Heard.Everything));
    }

    [Fact]
    public async Task A_call_while_the_server_is_away_says_so_and_does_not_hang()
    {
        await using var store = new PostgreSqlJobStore(own.Options(own.NewSchema()));
        await store.OpenAsync();
        own.Server.Stop();
        try
        {
            var write = await Assert.ThrowsAsync<StoreUnavailableException>(() => store.EnqueueAsync([new NewJob { Queue = "q", Kind = new("work") }]).AsTask().WithinPatienceAsync());
            Assert.Contains("cannot be reached", write.Message);
            await Assert.ThrowsAsync<StoreUnavailableException>(async () => await store.ListNodesAsync());
            await using var late = new PostgreSqlJobStore(own.Options(own.NewSchema()));
            await Assert.ThrowsAsync<StoreUnavailableException>(async () => await late.OpenAsync());
        }
        finally
        {
            await own.Server.StartAgainAsync();
        }
        Assert.Single(await Until.AnsweredAsync(() => store.EnqueueAsync([new NewJob { Queue = "q", Kind = new("work") }])));
        Assert.Empty(await store.ListNodesAsync());
    }
}
