using Fairlead.Http;
using Fairlead.Limits;
using Fairlead.Samples.ProductAnalysis;
using Fairlead.Samples.Upstreams;
using Fairlead.Testing;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Samples.Tests.ProductAnalysis;

/// <summary>The sample's own queues, limits, handlers, clients and tables on the real engine, in virtual time; only the two services are played.</summary>
internal sealed class VirtualAnalysis : IAsyncDisposable
{
    private static readonly TimeSpan Latency = TimeSpan.FromMilliseconds(500);
    private readonly string _folder = Directory.CreateTempSubdirectory("fairlead-analysis-").FullName;

    public VirtualAnalysis()
    {
        Harness = new(
            static f => f.AddAnalysis().RunWorkers(static options => options.Concurrency = 8),
            services => services
                .AddSingleton(_ => Tables!)
                .AddTransient(provider => new KeepaClient(Client(provider, "keepa", Keepa!)))
                .AddTransient(provider => new SpApiClient(Client(provider, "sp_api", SpApi!))));
        Tables = new(File, Harness.Time);
        Tables.Create();
        SpApi = new(new SpApi(Harness.Time, new SpApiOperation("getPricing", "/products/pricing/v0/price", 8, 2)), Harness.Time, Latency);
        Keepa = new(new Keepa(Harness.Time, refillRate: 300, TimeSpan.FromSeconds(1), balance: 10), Harness.Time, Latency);
    }

    public FairleadHarness Harness { get; }

    public AnalysisTables Tables { get; }

    public VirtualService SpApi { get; }

    public VirtualService Keepa { get; }

    public static IEnumerable<string> Asins(int count) => Enumerable.Range(1, count).Select(static number => $"B{number:000000000}");

    /// <summary>Begins an analysis as <c>POST /api/v1/analyses</c> does, and pushes its progress.</summary>
    public async Task<JobId> StartAsync(IEnumerable<string> asins)
    {
        AnalyzeProduct[] products = [.. asins.Select(static asin => new AnalyzeProduct(asin))];
        var batch = await Harness.Jobs.EnqueueBatchAsync(products, new() { MaxParallel = AnalysisSetup.MaxWorkers, Finally = new FinishAnalysis() });
        await using (var connection = Tables.Open())
        await using (var transaction = connection.BeginTransaction())
        {
            Tables.Add(transaction, batch.Id, products.Length);
            await transaction.CommitAsync();
        }
        var sync = new ProgressSync(Harness.Jobs, Tables, new AnalysisSettings(), Harness.Time, NullLogger<ProgressSync>.Instance);
        _ = Harness.Time.StartAsync(() => sync.SyncAsync(batch.Id, CancellationToken.None));
        return batch.Id;
    }

    public async Task<Job> StateAsync(JobId analysis) => (await Harness.Jobs.GetAsync(analysis))!;

    /// <summary>What stands in the program's own table.</summary>
    public AnalysisRow Row(JobId analysis) => AnalysisRow.Read(File, analysis.Value);

    public async ValueTask DisposeAsync()
    {
        await Harness.DisposeAsync();
        SqliteConnection.ClearAllPools();
        Directory.Delete(_folder, recursive: true);
    }

    private string File => Path.Combine(_folder, "analysis.db");

    private static HttpClient Client(IServiceProvider provider, string limit, VirtualService service) =>
        VirtualService.Client(new LimitHandler(provider.GetRequiredService<LimitClient>(), limit, new HttpLimitOptions()) { InnerHandler = service });
}
