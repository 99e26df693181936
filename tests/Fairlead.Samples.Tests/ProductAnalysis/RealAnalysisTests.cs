using Fairlead.Samples.Upstreams;

namespace Fairlead.Samples.Tests.ProductAnalysis;

/// <summary>Seed 002 for real, scaled: processes, HTTP, one SQLite file.</summary>
public sealed class RealAnalysisTests
{
    private const int Products = 100;
    private static readonly Behaviour Quick = new() { Latency = TimeSpan.FromMilliseconds(40), Jitter = TimeSpan.FromMilliseconds(20) };

    [Fact]
    public async Task As_one_process_it_answers_with_the_seeds_fields()
    {
        await using var program = await AnalysisProgram.StartAsync(Quick, "--concurrency 8");
        var analysis = await program.AnalyzeAsync(Products);

        var midway = await program.UntilAsync(analysis, static job => job.GetProperty("processed_items").GetInt32() >= 30);
        midway.GetProperty("status").GetString().ShouldBe("processing");
        var (processed, total) = (midway.GetProperty("processed_items").GetInt32(), midway.GetProperty("total_items").GetInt32());
        midway.GetProperty("progress").GetDouble().ShouldBe(100.0 * processed / total, 0.1);
        midway.GetProperty("success_count").GetInt32().ShouldBe(processed);
        midway.GetProperty("error_count").GetInt32().ShouldBe(0);

        var ended = await program.EndedAsync(analysis);
        (ended.GetProperty("status").GetString(), ended.GetProperty("progress").GetDouble(), ended.GetProperty("success_count").GetInt32()).ShouldBe(("completed", 100, Products));
        (await program.FinishedRowAsync(analysis)).ShouldSatisfyAllConditions(
            row => (row.Status, row.Processed, row.Succeeded, row.Results).ShouldBe(("completed", Products, Products, Products)), row => row.Updates.ShouldBeGreaterThan(5));
        NothingWasRefused(program, calls: Products);
    }

    [Fact]
    public async Task As_several_processes_it_loses_nothing_when_one_is_killed()
    {
        await using var program = await AnalysisProgram.StartAsync(
            Quick, "--role api", "--role worker --concurrency 4 --name worker1", "--role worker --concurrency 4 --name worker2");
        var analysis = await program.AnalyzeAsync(Products);
        await program.UntilAsync(analysis, static job => job.GetProperty("processed_items").GetInt32() >= 30);
        program.Kill(1);

        var ended = await program.EndedAsync(analysis);
        (ended.GetProperty("status").GetString(), ended.GetProperty("total_items").GetInt32(), ended.GetProperty("success_count").GetInt32(), ended.GetProperty("error_count").GetInt32())
            .ShouldBe(("completed", Products, Products, 0));
        (await program.FinishedRowAsync(analysis)).ShouldSatisfyAllConditions(
            row => (row.Status, row.Processed, row.Succeeded, row.Failed, row.Results).ShouldBe(("completed", Products, Products, 0, Products)));
        // What the killed one had under way was done again by the other.
        NothingWasRefused(program, calls: Products, again: 4);
    }

    [Fact]
    public async Task Cancelled_while_every_call_hangs_it_ends_and_the_counters_add_up()
    {
        await using var program = await AnalysisProgram.StartAsync(new Behaviour { HangShare = 1 }, "--role api", "--role worker --concurrency 8 --name worker1");
        var analysis = await program.AnalyzeAsync(Products);
        await AnalysisProgram.UntilAsync(() => Task.FromResult(program.Keepa.Statistics.Read().InFlight >= 8), static () => "eight calls hang");

        using var answer = await program.PostAsync($"/api/v1/jobs/{analysis}/cancel");
        answer.EnsureSuccessStatusCode();
        var ended = await program.EndedAsync(analysis);
        (ended.GetProperty("status").GetString(), ended.GetProperty("processed_items").GetInt32(), ended.GetProperty("cancelled_count").GetInt32()).ShouldBe(("cancelled", Products, Products));
        // Nobody waits for an answer any more.
        await AnalysisProgram.UntilAsync(() => Task.FromResult(program.Keepa.Statistics.Read().InFlight == 0), static () => "the calls were given up");
        (await program.FinishedRowAsync(analysis)).ShouldSatisfyAllConditions(row => (row.Status, row.Cancelled, row.Results).ShouldBe(("cancelled", Products, 0)));
    }

    [Theory]
    [InlineData(0, 8, "products expects at least one ASIN")]
    [InlineData(5, 0, "max_workers expects 1 or more; got 0")]
    public async Task What_cannot_be_analyzed_is_said_to_be_so(int products, int workers, string expected)
    {
        await using var program = await AnalysisProgram.StartAsync(Quick, "--role api");
        using var answer = await program.PostAsync("/api/v1/analyses", new { products = VirtualAnalysis.Asins(products), max_workers = workers });
        ((int)answer.StatusCode).ShouldBe(400);
        (await answer.Content.ReadAsStringAsync()).ShouldContain(expected);
    }

    private static void NothingWasRefused(AnalysisProgram program, int calls, int again = 0)
    {
        foreach (var counts in (UpstreamCounts[])[program.SpApi.Statistics.Read(), program.Keepa.Statistics.Read()])
        {
            counts.Refused.ShouldBe(0);
            counts.Admitted.ShouldBeInRange(calls, calls + again);
        }
    }
}
