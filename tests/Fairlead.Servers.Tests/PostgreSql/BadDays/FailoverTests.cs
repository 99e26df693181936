using Fairlead.Bench;
using Fairlead.PostgreSql;

namespace Fairlead.Servers.Tests.PostgreSql.BadDays;

/// <summary>The store moves to another address: to a standby that takes over, or behind a name that leads elsewhere.</summary>
public sealed class FailoverTests
{
    [Theory]
    [InlineData("Host=127.0.0.1:{0},127.0.0.1:{1};Username=postgres;Database=postgres")]
    [InlineData("postgres://postgres@127.0.0.1:{0},127.0.0.1:{1}/postgres")]
    public async Task A_standby_takes_over_and_nothing_acknowledged_is_lost(string address)
    {
        await using var primary = await PostgreSqlServer.StartAsync(durable: false);
        await using var standby = await primary.StartStandbyAsync();
        var options = PostgreSqlUrl.ToOptions(string.Format(System.Globalization.CultureInfo.InvariantCulture, address, primary.Port, standby.Port));
        await using var node = await WorkingNode.StartAsync(options);
        await using var producer = new Producer(node.Jobs);
        await producer.AcknowledgesAsync(20);

        primary.Stop("immediate");
        await Until.TrueAsync(() => !producer.Refused.IsEmpty, "a call is refused while there is no primary");
        standby.Promote();

        await producer.AcknowledgesAsync(20);
        await producer.StopAsync();
        await AllEndAsync(node, producer);
        Assert.Equal(0, (await node.Store.GetCountersAsync()).NodesLost);
    }

    [Fact]
    public async Task An_address_that_leads_elsewhere_is_followed()
    {
        await using var primary = await PostgreSqlServer.StartAsync(durable: false);
        await using var standby = await primary.StartStandbyAsync();
        using var address = TcpProxy.To(primary.Port);
        await using var node = await WorkingNode.StartAsync(PostgreSqlUrl.ToOptions($"postgres://postgres@127.0.0.1:{address.Port}/postgres"));
        await using var producer = new Producer(node.Jobs);
        await producer.AcknowledgesAsync(20);

        // The old primary lives on, cut off: nobody may be left writing to it.
        address.Target = standby.Port;
        address.CutAll();
        await Until.TrueAsync(() => producer.Refused.Any(static refused => refused.Message.Contains("read-only", StringComparison.Ordinal)), "a standby refuses to be written");
        standby.Promote();

        await producer.AcknowledgesAsync(20);
        await producer.StopAsync();
        await AllEndAsync(node, producer);
    }

    [Fact]
    public void Several_hosts_of_a_url_are_read_as_a_connection_string_has_them()
    {
        var options = PostgreSqlUrl.ToOptions("postgres://u:p%40ss@a:5433,b,c:5434/app?schema=s&sslmode=require");
        var npgsql = new Npgsql.NpgsqlConnectionStringBuilder(options.Npgsql());
        Assert.Equal(("a:5433,b,c:5434", "u", "p@ss", "app", "s"), (npgsql.Host, npgsql.Username, npgsql.Password, npgsql.Database, options.Schema));
        Assert.Equal("primary", npgsql.TargetSessionAttributes);
        Assert.Equal("postgres://a:5433,b:5432,c:5434/app?schema=s", PostgreSqlUrl.Describe(options));
    }

    private static async Task AllEndAsync(WorkingNode node, Producer producer)
    {
        foreach (var job in producer.Acknowledged)
        {
            await Until.TrueAsync(async () => (await Until.AnsweredAsync(() => node.Store.GetJobAsync(job)))?.Status == JobStatus.Completed, () => $"job {job} is completed");
        }
    }
}
