using Fairlead.Storage;

namespace Fairlead.Tests.Flow;

/// <summary>One domain of fifty is dead: it costs few attempts, and the others next to nothing.</summary>
public sealed class DeadDomainTests
{
    private const int Domains = 50;
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    private static readonly QueueDefinition Scrape = new()
    {
        Name = "scrape", Retries = 20, Breaker = new() { Failures = 5, OpenFor = TimeSpan.FromSeconds(30), MaxOpen = TimeSpan.FromMinutes(10) },
    };

    [Theory]
    [InlineData(1)]
    [InlineData(50)]
    public void A_dead_domain_costs_little(int slots)
    {
        var (with, without) = (Run(slots, dead: true), Run(slots, dead: false));
        var attempts = with.Attempts.Where(static a => a.Group == "dead").ToList();
        attempts.Count.ShouldBeInRange(5, 14);
        Lively(with).ShouldBeGreaterThan((int)(Lively(without) * 0.99));
        foreach (var job in with.Time.Run(async () => await with.Memory.ListJobsAsync(new() { Group = "dead", Limit = 1000 })).Jobs)
        {
            job.Attempt.ShouldBe(attempts.Count(a => a.Job == job.Id), "attempts that were spent, and attempts that were made");
            job.Status.ShouldNotBe(JobStatus.Failed);
        }
    }

    private static int Lively(FlowCluster cluster) => cluster.Done.Count(static attempt => attempt.Group != "dead");

    private static FlowCluster Run(int slots, bool dead)
    {
        var cluster = new FlowCluster().Start(1, slots, [Scrape]);
        for (var domain = 0; domain < Domains; domain++)
        {
            var ill = domain == 17;
            cluster.Enqueue(ill ? dead ? 100 : 0 : (slots * 4000 / Domains) + 60, new(ill ? 2 : 1, ill), "scrape", ill ? "dead" : $"domain {domain}");
        }
        cluster.Time.RunFor(Hour);
        return cluster;
    }
}
