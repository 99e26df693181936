using System.Globalization;
using Fairlead.Cli.Stores;
using Fairlead.Diagnostics;
using Fairlead.Storage;
using Microsoft.Extensions.DependencyInjection;

namespace Fairlead.Cli.Demo;

/// <summary>The demonstration: 1000 products, two strict upstreams of which one hangs now and then, limits that all workers share, one SQLite file.</summary>
internal sealed class DemoRun(CommandContext context, string folder)
{
    private const int Products = 1000;
    private const int Workers = 8;
    private const int HangEvery = 150;
    private const string Queue = "analysis";
    private const string SpApiLimit = "sp_api";
    private const string KeepaLimit = "keepa";
    private const int SpApiPerSecond = 80;
    private const int KeepaPerSecond = 50;
    private static readonly TimeSpan AttemptTimeout = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds((double)Products / KeepaPerSecond);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);

    public async Task<int> RunAsync()
    {
        await using var spApi = await Upstream.StartAsync("SP-API", SpApiPerSecond, TimeSpan.FromMilliseconds(20), hangEvery: 0, context.Time);
        await using var keepa = await Upstream.StartAsync("Keepa", KeepaPerSecond, TimeSpan.FromMilliseconds(40), hangEvery: HangEvery, context.Time);
        using var http = new HttpClient();
        Introduce(spApi, keepa);
        await using var services = Services(new DemoUpstreams(new UpstreamClient(spApi, http), new UpstreamClient(keepa, http)));
        var host = services.GetRequiredService<FairleadHost>();
        await host.StartAsync(context.Cancelled);
        var done = await WatchAsync(services.GetRequiredService<JobClient>(), spApi, keepa);
        await host.StopAsync(new CancellationToken(canceled: true));
        if (done is null)
        {
            return ExitCode.Interrupted;
        }
        await ConcludeAsync(services.GetRequiredService<IJobStore>(), done, spApi, keepa);
        return done.BatchState!.Items.Completed == Products ? ExitCode.AllWell : ExitCode.SomeFailed;
    }

    private ServiceProvider Services(DemoUpstreams upstreams)
    {
        var services = new ServiceCollection();
        services.AddSingleton(context.Time).AddSingleton(upstreams);
        services.AddFairlead(fairlead => fairlead
            .UseStore((_, _) => new SqliteAddress(Path.Combine(folder, "demo.db"), "demo").Connect(context.Time, adopt: false))
            .AddLimit(SpApiLimit, SpApiPerSecond.PerSecond())
            .AddLimit(KeepaLimit, KeepaPerSecond.PerSecond())
            .AddQueue(Queue, queue =>
            {
                queue.MaxConcurrent = Workers;
                queue.Limits.Add(SpApiLimit);
                queue.Limits.Add(KeepaLimit);
                queue.Timeout = AttemptTimeout;
                queue.BackoffFirst = TimeSpan.FromMilliseconds(100);
            })
            .AddJob<AnalyzeProduct, ProductAnalysis, AnalyzeProductHandler>("product.analyze", Queue)
            .RunWorkers(options => options.Concurrency = Workers));
        return services.BuildServiceProvider();
    }

    private void Introduce(Upstream spApi, Upstream keepa)
    {
        context.Output.Line($"{Products} products, {Workers} workers, two services on this machine that enforce their rates:");
        context.Output.Line($"  {spApi.Name} {spApi.PerSecond}/s at {spApi.Address}, {keepa.Name} {keepa.PerSecond}/s at {keepa.Address} (ten times the real ones' rates, to fit into a minute)");
        context.Output.Line($"  Beyond that they answer 429. One in {HangEvery} requests to {keepa.Name} is never answered; an attempt is ended after {AttemptTimeout.TotalMilliseconds:0} ms and tried again.");
        context.Output.Line($"  Both rates are limits that all workers share: a product starts when it has a permit of both. {Products} products at {keepa.PerSecond}/s cannot take less than {Bound.TotalSeconds:0.#} s.");
    }

    private async Task<Job?> WatchAsync(JobClient jobs, Upstream spApi, Upstream keepa)
    {
        await using var display = DemoDisplay.Create(context, Products, spApi, keepa);
        var batch = await jobs.EnqueueBatchAsync(Enumerable.Range(1, Products).Select(number => new AnalyzeProduct($"B{number:000000000}")), new BatchOptions { Name = "demo" }, context.Cancelled);
        while (!context.Cancelled.IsCancellationRequested)
        {
            var job = (await jobs.GetAsync(batch.Id))!;
            display.Show(job.BatchState!.Items);
            if (job.Status.IsEnded())
            {
                return job;
            }
            await Task.Delay(Look, context.Time, context.Cancelled).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        return null;
    }

    private async Task ConcludeAsync(IJobStore store, Job batch, Upstream spApi, Upstream keepa)
    {
        var items = batch.BatchState!.Items;
        var timelines = await store.GetTimelinesAsync(batch.Id);
        var attempts = timelines.SelectMany(job => job.Attempts).CountBy(attempt => attempt.Outcome ?? AttemptOutcome.Lost).ToDictionary();
        context.Output.Line("");
        var took = batch.EndedAt!.Value - batch.EnqueuedAt;
        context.Output.Line(string.Create(
            CultureInfo.InvariantCulture,
            $"{items.Completed} of {items.Total} products done, {items.Failed} failed, in {took.TotalSeconds:0.00} s; the bound was {Products} / {KeepaPerSecond} = {Bound.TotalSeconds:0.#} s: {took / Bound:0.000} of it."));
        context.Output.Line($"{Said(attempts, AttemptOutcome.Deferred)} deferred by a 429 (at no cost), {Said(attempts, AttemptOutcome.TimedOut)} that hung ended and tried again.");
        foreach (var upstream in (Upstream[])[spApi, keepa])
        {
            context.Output.Line($"What {upstream.Name,-6} saw: {upstream.Admitted,5} admitted, {upstream.Refused,4} refused with 429, {upstream.Hung,3} left hanging.");
        }
        context.Output.Line("");
        var explanation = await Explainer.ExplainAsync(store, batch.Id, context.Time.GetUtcNow());
        await context.Output.Answers.WriteAsync(ExplanationText.Write(explanation!));
    }

    private static string Said(Dictionary<AttemptOutcome, int> attempts, AttemptOutcome outcome) => attempts.GetValueOrDefault(outcome) is 1 ? "1 attempt" : $"{attempts.GetValueOrDefault(outcome)} attempts";
}
