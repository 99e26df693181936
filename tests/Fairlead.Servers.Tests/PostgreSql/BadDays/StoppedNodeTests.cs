using System.Globalization;
using Fairlead.Bench;
using Fairlead.PostgreSql;
using Fairlead.Storage;

namespace Fairlead.Servers.Tests.PostgreSql.BadDays;

/// <summary>A process that is stopped (SIGSTOP) beyond its lease and continued.</summary>
public sealed class StoppedNodeTests(OwnServer own) : IClassFixture<OwnServer>
{
    [Fact]
    public async Task Its_work_runs_elsewhere_what_it_says_later_is_refused_and_it_works_again()
    {
        var options = own.Options(own.NewSchema());
        using var other = OtherProcess.Start("node", options);
        Assert.Equal("started", await other.LineAsync());
        await using var store = new PostgreSqlJobStore(options);
        await store.OpenAsync();
        var job = await EnqueueAsync(store);
        Assert.Equal(job, await IdAsync(other));

        other.Stop();
        await using (var here = await WorkingNode.StartAsync(options, "here"))
        {
            await Until.TrueAsync(() => here.Ran.ContainsKey(job), "its job runs elsewhere");
            await Until.TrueAsync(async () => (await store.GetJobAsync(job))?.Status == JobStatus.Completed, () => "its job is completed elsewhere");
        }
        var completed = await store.GetJobAsync(job);
        other.Continue();
        other.Say("end what you ran");

        // It is a node again, under a new id, and works; the job of its former life stays as it was.
        var next = await EnqueueAsync(store);
        Assert.Equal(next, await IdAsync(other));
        other.Say("end this too");
        await Until.TrueAsync(async () => (await store.GetJobAsync(next))?.Status == JobStatus.Completed, () => "the next job is completed");
        Assert.Equal($"{completed}", $"{await store.GetJobAsync(job)}");
        Assert.Equal(1, (await store.GetCountersAsync()).NodesLost);
    }

    [Fact]
    public async Task Stopped_inside_a_transaction_it_lets_the_others_go_on_and_loses_nothing()
    {
        var (schema, others) = (own.NewSchema(), "stopped");
        using var network = TcpProxy.To(own.Server.Port);
        network.ToServer = TimeSpan.FromMilliseconds(20);
        await using var store = new PostgreSqlJobStore(own.Options(schema));
        await store.OpenAsync();
        var options = own.Options(schema, network.Port);
        using var other = OtherProcess.Start("producer", options with { ConnectionString = options.ConnectionString.Replace($"Name={schema}", $"Name={others}", StringComparison.Ordinal) });
        var acknowledged = new List<JobId> { await IdAsync(other) };
        await Until.TrueAsync(async () => await IsStoppedInItsTurnAsync(other, others), () => "it is stopped while it holds the turn");

        // Twice as long as it may be silent, and the server's limit is what ends it.
        await EnqueueAsync(store);
        await Until.TrueAsync(async () => await own.NumberAsync($"SELECT count(*) FROM pg_stat_activity WHERE application_name = '{others}'") == 0, () => "its connection is ended");

        other.Continue();
        for (var i = 0; i < 20; i++)
        {
            acknowledged.Add(await IdAsync(other));
        }
        foreach (var job in acknowledged)
        {
            Assert.NotNull(await store.GetJobAsync(job));
        }
    }

    /// <summary>Stops it; continues it again unless that was in the middle of its writing transaction.</summary>
    private async Task<bool> IsStoppedInItsTurnAsync(OtherProcess other, string name)
    {
        other.Stop();
        var holds = await own.NumberAsync(
            $"SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE l.locktype = 'advisory' AND l.granted AND a.application_name = '{name}' AND a.wait_event = 'ClientRead'");
        if (holds == 0)
        {
            other.Continue();
        }
        return holds == 1;
    }

    private static async Task<JobId> EnqueueAsync(PostgreSqlJobStore store) =>
        (await store.EnqueueAsync([new NewJob { Queue = "default", Kind = new("work"), Payload = "{\"number\":1}"u8.ToArray() }]))[0].Id;

    private static async Task<JobId> IdAsync(OtherProcess other) => new(long.Parse(await other.LineAsync(), CultureInfo.InvariantCulture));
}
