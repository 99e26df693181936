using Fairlead.Storage;
using Fairlead.Testing;

namespace Fairlead.Tests.Limits;

/// <summary>How what upstreams answer reaches the store.</summary>
public sealed class LimitFeedbackTests
{
    [Fact]
    public void Successes_are_summed_and_sent_every_250_ms_and_a_refusal_goes_at_once()
    {
        var scene = new LimitScene(new Limit { Rate = 100.PerSecond(), Adaptive = true });
        var (client, counted) = (scene.Node.Client, scene.Node.Counted);

        scene.Time.Run(async () =>
        {
            for (var i = 0; i < 10; i++)
            {
                await client.ReportAsync(new LimitReport { Limit = "api", Succeeded = 1 });
            }
            counted.Reports.ShouldBe(0);
            await Task.Delay(TimeSpan.FromMilliseconds(251), scene.Time);
            counted.Reported.ShouldHaveSingleItem().Succeeded.ShouldBe(10);
            await client.ReportAsync(new LimitReport { Limit = "api", Succeeded = 1 });
            await client.ReportAsync(new LimitReport { Limit = "api", Throttled = true });
            (counted.Reports, counted.Reported[1].Succeeded, counted.Reported[1].Throttled).ShouldBe((2, 1, true));
        });
    }

    [Fact]
    public void What_cannot_be_delivered_waits_until_the_store_is_back()
    {
        var scene = new LimitScene(100.PerSecond());
        var (client, counted) = (scene.Node.Client, scene.Node.Counted);

        scene.Time.Run(async () =>
        {
            scene.Node.Way.Away = true;
            await client.ReportAsync(new LimitReport { Limit = "api", Throttled = true });
            await client.ReportAsync(new LimitReport { Limit = "api", Succeeded = 3 });
            scene.Node.Way.Away = false;
            await Task.Delay(TimeSpan.FromSeconds(1.1), scene.Time);
            (counted.Reported[^1].Succeeded, counted.Reported[^1].Throttled).ShouldBe((3, true));
        });
    }

    [Fact]
    public void Nobody_uses_what_he_had_reserved_before_the_upstream_asked_to_be_left_alone()
    {
        var scene = new LimitScene(4.PerSecond());
        using var stop = new CancellationTokenSource();
        scene.Node.Call(16, stop.Token);
        scene.Time.RunFor(TimeSpan.FromSeconds(5.06));
        var refused = scene.Time.Now;

        scene.Time.Run(async () => await scene.Node.Client.ReportAsync(new LimitReport { Limit = "api", Throttled = true, RetryAfter = TimeSpan.FromSeconds(10) }));
        scene.Time.RunFor(TimeSpan.FromSeconds(30));

        scene.UsesBetween(refused, refused + TimeSpan.FromSeconds(10)).ShouldBe(0);
        scene.UsesBetween(refused + TimeSpan.FromSeconds(10), refused + TimeSpan.FromSeconds(30)).ShouldBeGreaterThanOrEqualTo(76);
        scene.MostIn(TimeSpan.FromSeconds(1)).ShouldBeLessThanOrEqualTo(4);
    }

    [Fact]
    public void A_number_at_once_is_held_back_too()
    {
        var scene = new LimitScene(Limit.Concurrent(2), nodes: 2);
        TimeSpan waited = default;

        scene.Time.Run(async () =>
        {
            await scene.Node.Client.ReportAsync(new LimitReport { Limit = "api", Throttled = true, RetryAfter = TimeSpan.FromSeconds(10) });
            var began = scene.Time.Now;
            await scene.Nodes[1].Limiter.AcquireAsync();
            waited = scene.Time.Now - began;
        });

        waited.ShouldBe(TimeSpan.FromSeconds(10));
    }
}
