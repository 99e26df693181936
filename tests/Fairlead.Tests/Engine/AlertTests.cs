using Fairlead.Engine;
using Fairlead.Storage;
using Fairlead.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace Fairlead.Tests.Engine;

/// <summary>What a node tells people when somebody wants to be told, on the real engine in virtual time.</summary>
public sealed class AlertTests
{
    private static readonly TimeSpan s_look = TimeSpan.FromSeconds(6);
    private readonly KeptAlerts _alerts = new();
    private bool _broken = true;

    [Fact]
    public async Task A_slow_job_is_told_with_its_group()
    {
        await using var harness = Harness(f => f
            .AddQueue("default", q => q.SlowAfter = TimeSpan.FromSeconds(10))
            .AddJob("work", async (Work _, TimeProvider time, CancellationToken token) => await Task.Delay(TimeSpan.FromSeconds(15), time, token)));
        await harness.Jobs.EnqueueAsync(new Work(1), new JobOptions { Group = "acme" });
        await harness.Jobs.EnqueueAsync(new Work(2));

        await harness.RunForAsync(TimeSpan.FromSeconds(9));
        _alerts.Kept.ShouldBeEmpty();
        await harness.RunUntilIdleAsync();

        _alerts.Kept.ShouldBe(
        [
            new Alert(AlertKind.Slow, "default/acme", "Job 1 (work) of group acme of queue default is slow: it has been running for 10.0 s."),
            new Alert(AlertKind.Slow, "default", "Job 2 (work) of queue default is slow: it has been running for 10.0 s."),
        ], ignoreOrder: true);
    }

    [Fact]
    public async Task Work_that_waits_for_slots_that_never_come_free_is_told_once()
    {
        await using var harness = Harness(f => f
            .RunWorkers(o => (o.Concurrency, o.NodeName) = (1, "alpha"))
            .AddJob("work", async (Work _, TimeProvider time, CancellationToken token) => await Task.Delay(TimeSpan.FromMinutes(10), time, token)));
        await harness.Jobs.EnqueueManyAsync(Enumerable.Range(0, 2).Select(i => new Work(i)));

        await harness.RunForAsync(TimeSpan.FromMinutes(8));

        var told = _alerts.Kept.ShouldHaveSingleItem();
        (told.Kind, told.Key).ShouldBe((AlertKind.Starved, "alpha"));
        told.Message.ShouldContain("none of node alpha has come free for 6");
        told.Message.ShouldContain("the longest: job 1 for 6");
    }

    [Fact]
    public async Task A_node_that_dies_is_told_by_the_one_that_finds_it()
    {
        await using var harness = Harness(f => f.AddJob("work", (Work _) => { }));
        await harness.RunForAsync(s_look);
        await harness.Store.JoinAsync(new NodeRegistration { Name = "beta", Queues = [], Slots = 1 });

        await harness.RunForAsync(TimeSpan.FromSeconds(30));

        var told = _alerts.Kept.ShouldHaveSingleItem();
        (told.Kind, told.Key).ShouldBe((AlertKind.DeadNode, "beta"));
        told.Message.ShouldBe("Node 2 (beta) is dead: 0 of its jobs are ready again, 0 were failed as poison.");
    }

    [Fact]
    public async Task A_breaker_is_told_when_it_opens_and_again_only_when_it_has_been_closed()
    {
        await using var harness = WithBreakers();
        await harness.Jobs.EnqueueManyAsync(Enumerable.Range(0, 3).Select(i => new Work(i)), new JobOptions { Group = "acme" });

        await harness.RunForAsync(TimeSpan.FromMinutes(3));

        var told = _alerts.Kept.ShouldHaveSingleItem();
        (told.Kind, told.Key).ShouldBe((AlertKind.Quarantined, "default/acme"));
        told.Message.ShouldStartWith("default/acme is quarantined until 2026-01-01 00:0");

        _broken = false;
        await harness.RunUntilIdleAsync();
        await harness.RunForAsync(s_look);
        await harness.Store.OpenBreakerAsync("default/acme", null);
        await harness.RunForAsync(s_look);
        _alerts.Kept.Count.ShouldBe(2);
        _alerts.Kept[1].Message.ShouldStartWith("default/acme is quarantined until it is closed by hand");
    }

    [Fact]
    public async Task Many_groups_that_are_quarantined_together_are_one_alert()
    {
        await using var harness = WithBreakers();
        foreach (var group in Enumerable.Range(0, 30))
        {
            await harness.Jobs.EnqueueManyAsync(Enumerable.Range(0, 3).Select(i => new Work(i)), new JobOptions { Group = $"g{group:00}" });
        }

        await harness.RunForAsync(s_look);

        var told = _alerts.Kept.ShouldHaveSingleItem();
        (told.Kind, told.Key).ShouldBe((AlertKind.Quarantined, "default"));
        told.Message.ShouldContain(" of default are quarantined at once: default, default/g00, default/g01,");
        told.Message.ShouldContain(", …. ");
        told.Message.ShouldEndWith(" jobs wait for it.");
    }

    [Fact]
    public async Task A_batch_that_ends_with_failed_items_is_told_once_however_long_it_took()
    {
        await using var harness = Harness(f => f
            .AddQueue("default", q => q.Retries = 0)
            .AddJob("work", async (Work work, TimeProvider time, CancellationToken token) =>
            {
                await Task.Delay(TimeSpan.FromSeconds(work.Number), time, token);
                throw new InvalidOperationException("no");
            })
            .AddJob("well", (Well _) => { }));
        await harness.Jobs.EnqueueBatchAsync([new Work(60)]);
        await harness.Jobs.EnqueueBatchAsync([new Work(1), new Work(1)], new BatchOptions { Name = "early" });
        await harness.RunForAsync(s_look);
        _alerts.Kept.ShouldBe([new Alert(AlertKind.FailedBatch, "3", "Batch early (3) of queue default has ended with 2 of 2 items failed.")]);

        await harness.Jobs.EnqueueBatchAsync([new Well()]);
        await harness.Jobs.EnqueueBatchAsync([new Work(20)]);
        await harness.RunForAsync(TimeSpan.FromMinutes(5));

        _alerts.Kept.Skip(1).Select(static alert => alert.Key).ShouldBe(["8", "1"]);
    }

    [Fact]
    public async Task Batches_that_had_ended_before_the_node_began_are_history()
    {
        await using var harness = Harness(f => f.AddQueue("default", q => q.Retries = 0).AddJob("work", void (Work _) => throw new InvalidOperationException("no")));
        _alerts.Wanted = false;
        await harness.Jobs.EnqueueBatchAsync([new Work(1)]);
        await harness.RunForAsync(TimeSpan.FromMinutes(1));

        _alerts.Wanted = true;
        await harness.RunForAsync(s_look);
        _alerts.Kept.ShouldBeEmpty();
        await harness.Jobs.EnqueueBatchAsync([new Work(1)]);
        await harness.RunForAsync(s_look);

        _alerts.Kept.ShouldHaveSingleItem().Key.ShouldBe("3");
    }

    private FairleadHarness WithBreakers() => Harness(f => f
        .AddQueue("default", q => { q.Retries = 50; q.Breaker = new BreakerPolicy { Failures = 2, OpenFor = TimeSpan.FromSeconds(30) }; })
        .AddJob("work", (Work _) => { if (_broken) { throw new InvalidOperationException("no"); } }));

    private FairleadHarness Harness(Action<FairleadBuilder> configure) => new(configure, services => services.AddSingleton<IAlerts>(_alerts));

    public sealed record Work(int Number);

    public sealed record Well;

    private sealed class KeptAlerts : IAlerts
    {
        public List<Alert> Kept { get; } = [];

        public bool Wanted { get; set; } = true;

        public bool Wants(AlertKind kind) => Wanted;

        public void Raise(Alert alert)
        {
            if (Wanted)
            {
                Kept.Add(alert);
            }
        }
    }
}
