namespace Fairlead.Cli.Demo;

/// <summary>One product to look up.</summary>
internal sealed record AnalyzeProduct(string Asin);

/// <summary>What was found.</summary>
internal sealed record ProductAnalysis(string Asin, int OwnPrice, int UsualPrice);

/// <summary>Asks both upstreams about one product. It knows nothing of limits, retries, timeouts or the store: those are the queue's.</summary>
internal sealed class AnalyzeProductHandler(DemoUpstreams upstreams) : IJobHandler<AnalyzeProduct, ProductAnalysis>
{
    public async Task<ProductAnalysis> HandleAsync(AnalyzeProduct job, JobContext context, CancellationToken cancellationToken)
    {
        var own = await upstreams.SpApi.PriceAsync(job.Asin, cancellationToken);
        var usual = await upstreams.Keepa.PriceAsync(job.Asin, cancellationToken);
        return new ProductAnalysis(job.Asin, own, usual);
    }
}

/// <summary>The two services a product is looked up in.</summary>
internal sealed record DemoUpstreams(UpstreamClient SpApi, UpstreamClient Keepa);
