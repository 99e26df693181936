namespace Fairlead.Samples.ProductAnalysis;

/// <summary>One product to look up: an item of an analysis.</summary>
/// <param name="Asin">Amazon's number for it.</param>
public sealed record AnalyzeProduct(string Asin);

/// <summary>What was found, in cents.</summary>
/// <param name="Asin">The product.</param>
/// <param name="OwnPrice">What we ask for it now.</param>
/// <param name="UsualPrice">What it usually costs.</param>
public sealed record ProductPrices(string Asin, int OwnPrice, int UsualPrice);

/// <summary>Looks up one product. It knows nothing of rates, retries, timeouts, progress or cancellation: those are its clients' and its queue's.</summary>
public sealed class AnalyzeProductHandler(KeepaClient keepa, SpApiClient spApi, AnalysisTables tables) : IJobHandler<AnalyzeProduct, ProductPrices>
{
    /// <inheritdoc />
    public async Task<ProductPrices> HandleAsync(AnalyzeProduct job, JobContext context, CancellationToken cancellationToken)
    {
        // The scarcer service first: a job that has to come back for its permit has not spent a call of the other.
        var usual = await keepa.UsualPriceAsync(job.Asin, cancellationToken);
        var own = await spApi.OwnPriceAsync(job.Asin, cancellationToken);
        var prices = new ProductPrices(job.Asin, own, usual);
        tables.SaveResult(context.Job.Batch ?? context.Id, prices, context.Fence);
        return prices;
    }
}
