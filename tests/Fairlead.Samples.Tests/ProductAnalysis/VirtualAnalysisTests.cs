namespace Fairlead.Samples.Tests.ProductAnalysis;

/// <summary>Seed 002 in virtual time.</summary>
public sealed class VirtualAnalysisTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(Math.Max(1000 / 8.0, 1000 / 5.0));

    [Fact]
    public async Task A_thousand_products_take_what_the_scarcer_limit_takes_and_the_table_follows()
    {
        await using var run = new VirtualAnalysis();
        var analysis = await run.StartAsync(VirtualAnalysis.Asins(1000));
        await run.Harness.RunUntilIdleAsync(TimeSpan.FromHours(1));

        var ended = await run.StateAsync(analysis);
        var took = ended.EndedAt!.Value - ended.EnqueuedAt;
        output.WriteLine($"{took} of {Bound}: {took / Bound:0.000}; {run.SpApi.Admitted} and {run.Keepa.Admitted} calls");
        took.ShouldBeInRange(Bound * 0.99, Bound * 1.05);
        (run.SpApi.Refused, run.Keepa.Refused).ShouldBe((0, 0));
        (run.SpApi.Admitted, run.Keepa.Admitted).ShouldBe((1000, 1000), "no call was spent in vain");

        await run.Harness.RunForAsync(TimeSpan.FromSeconds(1));
        // At first, at each tenth product, and once more by the finalize step.
        run.Row(analysis).ShouldBe(new("completed", 1000, 1000, 1000, 0, 0, 1 + 100 + 1, true, 1000));
    }

    [Fact]
    public async Task The_table_is_never_more_than_ten_products_behind()
    {
        await using var run = new VirtualAnalysis();
        var analysis = await run.StartAsync(VirtualAnalysis.Asins(200));
        var looks = new List<(long Store, int Table)>();
        while (!(await run.StateAsync(analysis)).Status.IsEnded())
        {
            await run.Harness.RunForAsync(TimeSpan.FromSeconds(1));
            looks.Add(((await run.StateAsync(analysis)).BatchState!.Items.Ended, run.Row(analysis).Processed));
        }
        looks.ShouldAllBe(look => look.Table <= look.Store && look.Store - look.Table < 10);
        looks.Count(look => look.Table is > 0 and < 200).ShouldBeGreaterThan(20);
    }

    [Fact]
    public async Task Cancelled_in_the_middle_it_stops_within_a_second_and_the_counters_add_up()
    {
        await using var run = new VirtualAnalysis();
        var analysis = await run.StartAsync(VirtualAnalysis.Asins(1000));
        await run.Harness.RunForAsync(TimeSpan.FromSeconds(90.3));
        var cancelledAt = run.Harness.Time.Now;
        await run.Harness.Jobs.CancelAsync(analysis);
        await run.Harness.RunUntilIdleAsync();

        var ended = await run.StateAsync(analysis);
        var items = ended.BatchState!.Items;
        ended.Status.ShouldBe(JobStatus.Cancelled);
        (ended.EndedAt!.Value - cancelledAt).ShouldBeLessThan(TimeSpan.FromSeconds(1));
        (run.SpApi.LastAsked, run.Keepa.LastAsked).ShouldSatisfyAllConditions(
            last => last.Item1.ShouldBeLessThan(cancelledAt + TimeSpan.FromSeconds(1)), last => last.Item2.ShouldBeLessThan(cancelledAt + TimeSpan.FromSeconds(1)));
        items.Completed.ShouldBeInRange(400, 460);
        (items.Total, items.Ended, items.Failed).ShouldBe((1000, 1000, 0));

        var row = run.Row(analysis);
        (row.Status, row.Processed, row.Succeeded, row.Cancelled, row.Finished).ShouldBe(("cancelled", 1000, (int)items.Completed, (int)items.Cancelled, true));
        row.Results.ShouldBeGreaterThanOrEqualTo(row.Succeeded);
    }

    [Theory]
    [InlineData(100, 1)]
    [InlineData(101, 8)]
    public async Task Few_products_are_looked_up_one_after_the_other_and_many_in_parallel(int products, int atOnce)
    {
        await using var run = new VirtualAnalysis();
        var analysis = await run.StartAsync(VirtualAnalysis.Asins(products));
        await run.Harness.RunUntilIdleAsync();
        (await run.StateAsync(analysis)).BatchState!.MaxParallel.ShouldBe(atOnce);
        if (atOnce == 1)
        {
            (run.SpApi.MostInFlight, run.Keepa.MostInFlight).ShouldBe((1, 1));
        }
        else
        {
            run.Keepa.MostInFlight.ShouldBeGreaterThan(1);
        }
    }

    [Fact]
    public async Task What_is_no_product_is_counted_as_an_error_and_stops_nothing()
    {
        await using var run = new VirtualAnalysis();
        var analysis = await run.StartAsync([.. VirtualAnalysis.Asins(145), "not an asin", "B0", "", "B000_00001", "????"]);
        await run.Harness.RunUntilIdleAsync();
        run.Row(analysis).ShouldSatisfyAllConditions(
            row => (row.Status, row.Total, row.Processed, row.Succeeded, row.Failed).ShouldBe(("completed", 150, 150, 145, 5)), row => row.Results.ShouldBe(145));
        (await run.Harness.Jobs.ItemsAsync(analysis, JobStatus.Failed).FirstAsync()).Error!.ShouldContain("'not an asin'");
    }
}
