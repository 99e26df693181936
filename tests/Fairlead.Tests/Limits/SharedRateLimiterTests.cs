using System.Collections.Concurrent;
using System.Threading.RateLimiting;
using Fairlead.Engine;
using Fairlead.Limits;
using Fairlead.Storage;
using Fairlead.Testing;

namespace Fairlead.Tests.Limits;

/// <summary>A limit of the cluster as .NET's own limiter, in virtual time.</summary>
public sealed class SharedRateLimiterTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Theory]
    [InlineData(1, 32, 2000, 0, 1.1)]
    [InlineData(1, 32, 2000, 16, 0.2)]
    [InlineData(4, 8, 2000, 0, 1.1)]
    [InlineData(1, 32, 8, 0, 1.1)]
    public void Saturated_it_gives_the_whole_rate_and_never_more_in_any_window_with_few_calls(int nodes, int callers, int rate, int leaseAhead, double callsPerGrant)
    {
        var scene = new LimitScene(rate.PerSecond(), nodes, leaseAhead);
        var grants = rate == 2000 ? 100_000 : 1_000;
        using var stop = new CancellationTokenSource();
        var began = scene.Time.Now;

        scene.Nodes.ForEach(node => node.Call(callers, stop.Token));
        scene.Time.RunUntil(() => scene.Uses.Count >= grants, TimeSpan.FromHours(1)).ShouldBeTrue();
        var took = scene.Time.Now - began;

        scene.MostIn(Second).ShouldBeLessThanOrEqualTo(rate);
        (grants / took.TotalSeconds).ShouldBeGreaterThan(rate * 0.99);
        ((double)scene.Nodes.Sum(node => node.Counted.Calls) / grants).ShouldBeLessThanOrEqualTo(callsPerGrant);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(16)]
    public async Task In_real_time_on_many_threads_no_permit_is_used_early_and_no_window_holds_more(int leaseAhead)
    {
        await using var store = new InMemoryJobStore(TimeProvider.System);
        await using var client = new LimitClient(store, new NodeStanding(TimeProvider.System), [new("api", 1000.PerSecond())], leaseAhead);
        var (slots, early) = (new ConcurrentBag<long>(), 0);

        await Task.WhenAll(Enumerable.Range(0, 32).Select(_ => Task.Run(async () =>
        {
            for (var i = 0; i < 50; i++)
            {
                using var lease = await client.For("api").WaitAsync(1, null, null, first: false, TestContext.Current.CancellationToken);
                var at = lease.Permits[0].Permit.At;
                slots.Add(at.UtcTicks);
                Interlocked.Add(ref early, at > TimeProvider.System.GetUtcNow() ? 1 : 0);
            }
        })));

        early.ShouldBe(0);
        var all = slots.Order().ToList();
        all.Count.ShouldBe(1600);
        for (var i = 0; i + 1000 < all.Count; i++)
        {
            (all[i + 1000] - all[i]).ShouldBeGreaterThanOrEqualTo(TimeSpan.TicksPerSecond);
        }
    }

    [Fact]
    public void Callers_are_served_in_the_order_in_which_they_asked()
    {
        var scene = new LimitScene(10.PerSecond());
        var served = new List<int>();

        var all = Enumerable.Range(0, 30).Select(i => scene.Time.StartAsync(async () =>
        {
            await scene.Node.Limiter.AcquireAsync(1 + (i % 2));
            served.Add(i);
        })).ToArray();
        scene.Time.Run(() => Task.WhenAll(all));

        served.ShouldBe(Enumerable.Range(0, 30));
    }

    [Fact]
    public void One_who_does_not_want_to_wait_any_more_leaves_his_slot_to_the_next()
    {
        var scene = new LimitScene(2.PerSecond());
        using var gaveUp = new CancellationTokenSource();
        var times = new List<TimeSpan>();

        scene.Time.Run(async () =>
        {
            var began = scene.Time.Now;
            await scene.Node.Limiter.AcquireAsync();
            var second = scene.Node.Limiter.AcquireAsync(1, gaveUp.Token).AsTask();
            var third = scene.Node.Limiter.AcquireAsync().AsTask();
            await Task.Delay(TimeSpan.FromMilliseconds(100), scene.Time);
            gaveUp.Cancel();
            await Should.ThrowAsync<OperationCanceledException>(second);
            await third;
            times.Add(scene.Time.Now - began);
            await scene.Node.Limiter.AcquireAsync();
            times.Add(scene.Time.Now - began);
        });

        times.ShouldBe([TimeSpan.FromMilliseconds(500), TimeSpan.FromSeconds(1)]);
    }

    [Fact]
    public void A_slot_nobody_wants_any_more_goes_back_to_the_cluster()
    {
        var scene = new LimitScene(2.PerSecond(), nodes: 2);
        using var gaveUp = new CancellationTokenSource();
        TimeSpan other = default;

        scene.Time.Run(async () =>
        {
            var began = scene.Time.Now;
            await scene.Node.Limiter.AcquireAsync();
            var second = scene.Node.Limiter.AcquireAsync(1, gaveUp.Token).AsTask();
            gaveUp.Cancel();
            await Should.ThrowAsync<OperationCanceledException>(second);
            await Task.Delay(TimeSpan.FromMilliseconds(1), scene.Time);
            await scene.Nodes[1].Limiter.AcquireAsync();
            other = scene.Time.Now - began;
        });

        other.ShouldBe(TimeSpan.FromMilliseconds(500));
    }

    [Fact]
    public void An_attempt_that_cannot_wait_is_told_when_to_come_again()
    {
        var scene = new LimitScene(2.PerSecond());

        scene.Time.Run(async () =>
        {
            using var first = scene.Node.Limiter.AttemptAcquire();
            first.IsAcquired.ShouldBeTrue();
            using var refused = scene.Node.Limiter.AttemptAcquire();
            refused.IsAcquired.ShouldBeFalse();
            refused.TryGetMetadata(MetadataName.RetryAfter, out var after).ShouldBeTrue();
            refused.TryGetMetadata(MetadataName.ReasonPhrase, out var reason).ShouldBeTrue();
            reason!.ShouldContain("api");
            after.ShouldBe(TimeSpan.FromMilliseconds(500));
            await Task.Delay(after, scene.Time);
            using var again = scene.Node.Limiter.AttemptAcquire();
            again.IsAcquired.ShouldBeTrue();
        });

        var statistics = scene.Node.Limiter.GetStatistics()!;
        (statistics.TotalSuccessfulLeases, statistics.TotalFailedLeases, statistics.CurrentQueuedCount).ShouldBe((2, 1, 0));
    }

    [Fact]
    public void A_store_that_answers_late_is_never_waited_for_by_an_attempt_at_once()
    {
        var scene = new LimitScene(2.PerSecond());

        scene.Time.Run(async () =>
        {
            (await scene.Node.Limiter.AcquireAsync()).Dispose();
            await Task.Delay(Second, scene.Time);
            scene.Node.Way.Next(new StoreFault(Fault.StallAfter, TimeSpan.FromMilliseconds(5)), "Acquire");
            scene.Node.Limiter.AttemptAcquire().IsAcquired.ShouldBeFalse();
            await Task.Delay(TimeSpan.FromMilliseconds(6), scene.Time);
            scene.Node.Limiter.AttemptAcquire().IsAcquired.ShouldBeTrue();
            scene.Node.Counted.Acquires.ShouldBe(2);
        });
    }

    [Fact]
    public void A_number_at_once_is_held_until_it_is_disposed_by_whichever_node()
    {
        var scene = new LimitScene(Limit.Concurrent(2), nodes: 2);
        var (now, most) = (0, 0);

        var all = Enumerable.Range(0, 10).Select(i => scene.Time.StartAsync(async () =>
        {
            using var lease = await scene.Nodes[i % 2].Limiter.AcquireAsync();
            most = Math.Max(most, ++now);
            await Task.Delay(Second, scene.Time);
            now--;
        })).ToArray();
        var began = scene.Time.Now;
        scene.Time.Run(() => Task.WhenAll(all));

        most.ShouldBe(2);
        (scene.Time.Now - began).ShouldBeInRange(TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(5.1));
    }

    [Fact]
    public void It_is_idle_only_while_nobody_waits_or_holds()
    {
        var scene = new LimitScene(Limit.Concurrent(1));

        scene.Time.Run(async () =>
        {
            var lease = await scene.Node.Limiter.AcquireAsync();
            scene.Node.Limiter.IdleDuration.ShouldBeNull();
            lease.Dispose();
            await Task.Delay(TimeSpan.FromMinutes(1), scene.Time);
            scene.Node.Limiter.IdleDuration.ShouldBe(TimeSpan.FromMinutes(1));
        });
    }

    [Fact]
    public void A_limit_nobody_declared_is_named_with_the_way_out()
    {
        var scene = new LimitScene(2.PerSecond());

        scene.Time.Run(async () =>
            (await Should.ThrowAsync<ArgumentException>(async () => await scene.Node.Client.For("apl").AcquireAsync())).Message.ShouldContain("known: api"));
    }

    [Fact]
    public void A_permit_count_is_a_cost()
    {
        var scene = new LimitScene(10.PerSecond());

        scene.Time.Run(async () =>
        {
            var began = scene.Time.Now;
            await scene.Node.Limiter.AcquireAsync(5);
            await scene.Node.Limiter.AcquireAsync();
            (scene.Time.Now - began).ShouldBe(TimeSpan.FromMilliseconds(500));
        });
    }

    [Fact]
    public void What_an_operator_changes_counts_for_those_who_wait()
    {
        var scene = new LimitScene(new Rate(1, TimeSpan.FromHours(1)));

        scene.Time.Run(async () =>
        {
            await scene.Node.Limiter.AcquireAsync();
            var waiting = scene.Node.Limiter.AcquireAsync().AsTask();
            await Task.Delay(Second, scene.Time);
            var changed = scene.Time.Now;
            await scene.Store.ChangeLimitAsync("api", 10.PerSecond());
            await waiting;
            (scene.Time.Now - changed).ShouldBeLessThan(TimeSpan.FromSeconds(3));
        });
    }
}
