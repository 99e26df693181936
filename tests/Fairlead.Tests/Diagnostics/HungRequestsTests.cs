using Fairlead.Batches;
using Fairlead.Diagnostics;
using Fairlead.Testing;

namespace Fairlead.Tests.Diagnostics;

/// <summary>165 machines of eleven shops over five workers, as samples/price-update has them; the first page of some shops never answers.</summary>
public sealed class HungRequestsTests
{
    private const int Machines = 165, Workers = 5, Shops = 11;
    private static readonly TimeSpan Hang = TimeSpan.FromMinutes(34);

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(8)]
    public async Task With_timeouts_they_cost_what_they_hold_and_no_more(int hung)
    {
        var (it, batch) = await RunAsync(hung, static queue =>
        {
            queue.TimeoutBy = new TimeoutBy("/tier", new Dictionary<string, TimeSpan> { ["1"] = TimeSpan.FromSeconds(30) });
            queue.Timeout = TimeSpan.FromSeconds(60);
            queue.KillAfter = TimeSpan.FromSeconds(30);
            queue.Retries = 1;
            queue.Breaker = new BreakerPolicy();
        });

        it.WallSeconds.ShouldBeLessThanOrEqualTo(1.05 * it.BoundSeconds);
        (batch.Completed, batch.Failed, batch.TimedOut).ShouldBe((Machines - hung, hung, hung));
        AddsUp(it);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    public async Task Without_them_the_explanation_names_what_held_the_workers_and_what_to_do(int hung)
    {
        var (it, batch) = await RunAsync(hung, static _ => { });

        batch.Completed.ShouldBe(Machines);
        it.WallSeconds.ShouldBeGreaterThanOrEqualTo(Hang.TotalSeconds);
        it.Slots.ShouldBe(Workers);
        it.EffectiveSlots.ShouldBeInRange(1, 2.1);
        it.Holders.Select(static holder => (holder.Group, Math.Round(holder.Seconds))).Order().ShouldBe(Enumerable.Range(0, hung).Select(static shop => (Shop(shop), Hang.TotalSeconds)).Order());
        it.Advice[0].Change.ShouldStartWith("timeout: ");
        it.Advice[0].SavesSeconds.ShouldBeGreaterThan(0.8 * Hang.TotalSeconds);
        AddsUp(it);
        var text = ExplanationText.Write(it);
        text.ShouldContain("Slots were held by unusually long attempts: job ");
        text.ShouldContain($" of {Shop(0)} (34 min 0 s)");
        text.ShouldMatch(@"Of 5 slots, [12]\.\d were effectively there\.");
        text.ShouldMatch(@"With timeout: \d+s it would have ended \d+ min \d+ s sooner\.");
    }

    private static async Task<(Explanation It, StateTally Items)> RunAsync(int hung, Action<QueueOptions> configure)
    {
        await using var harness = new FairleadHarness(f => f
            .AddQueue("prices", queue =>
            {
                (queue.MaxConcurrent, queue.Group, queue.SlowAfter) = (20, "/domain", TimeSpan.FromSeconds(60));
                configure(queue);
            })
            .AddJob("price.update", FetchAsync, "prices"));
        var batch = await harness.Jobs.EnqueueBatchAsync(Enumerable.Range(0, Machines).Select(machine => Page(machine, hung)), new() { MaxParallel = Workers });
        await harness.RunUntilIdleAsync();
        return ((await Explainer.ExplainAsync(harness.Store, batch.Id, harness.Time.Now))!, (await harness.Jobs.GetAsync(batch.Id))!.BatchState!.Items);
    }

    /// <summary>The first of all does not even listen when it is told to stop, as a blocking call on a thread of its own does not.</summary>
    private static Task FetchAsync(Page page, TimeProvider time, CancellationToken cancellationToken) => Task.Delay(page.Takes, time, page.Listens ? cancellationToken : CancellationToken.None);

    private static Page Page(int machine, int hung)
    {
        var shop = machine % Shops;
        return new(Shop(shop), Tier: shop is 2 or 3 or 10 ? 2 : 1, machine < hung ? Hang : TimeSpan.FromSeconds(4 + (shop * 5 % 6)), Listens: machine != 0);
    }

    private static string Shop(int shop) => $"shop{shop}.example";

    private static void AddsUp(Explanation it)
    {
        it.Causes.Sum(static cause => cause.WallShare).ShouldBe(1, tolerance: 1e-6);
        it.Causes.Sum(static cause => cause.JobShare).ShouldBe(1, tolerance: 1e-6);
    }
}

/// <summary>A page of a machine.</summary>
public sealed record Page(string Domain, int Tier, TimeSpan Takes, bool Listens);
