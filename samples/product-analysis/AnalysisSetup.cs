namespace Fairlead.Samples.ProductAnalysis;

/// <summary>Queues, limits, jobs and clients: the same in every process of the program, whatever its role.</summary>
public static class AnalysisSetup
{
    /// <summary>The line that products wait in.</summary>
    public const string Queue = "analysis";

    /// <summary>Where analyses are finished: a step that is not to wait behind anybody's products.</summary>
    public const string FinishQueue = "finish";

    /// <summary>More products than that are looked up in parallel. <c>Fairlead__Queues__analysis__SequentialUpTo</c> overrides it.</summary>
    public const int SequentialUpTo = 100;

    /// <summary>How many at once then, unless the request says something else.</summary>
    public const int MaxWorkers = 8;

    /// <summary>Adds everything that this process needs.</summary>
    public static void AddProductAnalysis(this IHostApplicationBuilder builder, AnalysisSettings settings)
    {
        builder.Services.AddSingleton(settings);
        builder.Services.AddSingleton(provider => new AnalysisTables(settings.Database, provider.GetRequiredService<TimeProvider>()));
        builder.Services.AddHttpClient<SpApiClient>(http => http.BaseAddress = settings.SpApi).AddFairleadLimit("sp_api");
        builder.Services.AddHttpClient<KeepaClient>(http => http.BaseAddress = settings.Keepa).AddFairleadLimit("keepa");
        // A few lines for each request would be most of the log, and of the jobs' own.
        builder.Logging.AddFilter("System.Net.Http.HttpClient", LogLevel.Warning).AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
        builder.Services.AddFairlead(fairlead =>
        {
            fairlead.UseSqlite($"Data Source={settings.Database}").AddAnalysis();
            if (settings.Role != Role.Api)
            {
                fairlead.RunWorkers(options => (options.Concurrency, options.NodeName) = (settings.Concurrency, settings.Name));
            }
        });
    }

    /// <summary>What the whole cluster agrees on.</summary>
    public static FairleadBuilder AddAnalysis(this FairleadBuilder fairlead) => fairlead
        .AddLimit("sp_api", 8.PerSecond())
        .AddLimit("keepa", 5.PerSecond())
        .AddQueue(Queue, queue =>
        {
            queue.SequentialUpTo = SequentialUpTo;
            queue.Timeout = TimeSpan.FromSeconds(30);
            queue.SlowAfter = TimeSpan.FromSeconds(10);
            queue.Retries = 3;
        })
        .AddJob<AnalyzeProduct, ProductPrices, AnalyzeProductHandler>("product.analyze", Queue)
        .AddJob<FinishAnalysis, FinishAnalysisHandler>("analysis.finish", FinishQueue);
}
