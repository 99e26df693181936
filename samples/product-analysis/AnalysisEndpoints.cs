using Microsoft.AspNetCore.Http.HttpResults;

namespace Fairlead.Samples.ProductAnalysis;

/// <summary>What is asked for: <c>POST /api/v1/analyses</c>.</summary>
public sealed record AnalysisRequest
{
    /// <summary>The products; one that is named twice is looked up once.</summary>
    public IReadOnlyList<string> Products { get; init; } = [];

    /// <summary>How many at once, 1 or more; from 101 products on.</summary>
    public int MaxWorkers { get; init; } = AnalysisSetup.MaxWorkers;

    /// <summary>A name by which commands find it: <c>fairlead explain NAME</c>.</summary>
    public string? Name { get; init; }

    /// <summary>What is wrong with it; null for nothing.</summary>
    public string? Problem =>
        Products.Count == 0 ? "products expects at least one ASIN; got none."
        : MaxWorkers < 1 ? $"max_workers expects 1 or more; got {MaxWorkers}."
        : null;
}

/// <summary>What is answered.</summary>
/// <param name="Id">The analysis: <c>GET /api/v1/jobs/{id}</c>.</param>
/// <param name="TotalItems">How many products.</param>
/// <param name="MaxWorkers">How many are looked up at once: 1 where they are few.</param>
public sealed record AnalysisStarted(long Id, int TotalItems, int MaxWorkers);

/// <summary>The one thing that this program has beside Fairlead's own API.</summary>
public static class AnalysisEndpoints
{
    /// <summary>Maps it.</summary>
    public static void MapAnalyses(this IEndpointRouteBuilder endpoints) => endpoints.MapPost("/api/v1/analyses", StartAsync);

    private static async Task<Results<Accepted<AnalysisStarted>, ProblemHttpResult>> StartAsync(
        AnalysisRequest request, JobClient jobs, AnalysisTables tables, ProgressSync progress, CancellationToken cancellationToken)
    {
        if (request.Problem is { } problem)
        {
            return TypedResults.Problem(problem, statusCode: StatusCodes.Status400BadRequest);
        }
        AnalyzeProduct[] products = [.. request.Products.Distinct(StringComparer.Ordinal).Select(static asin => new AnalyzeProduct(asin))];
        var options = new BatchOptions { Name = request.Name, MaxParallel = request.MaxWorkers, Finally = new FinishAnalysis() };

        // The row and the jobs are there together or not at all, whenever this process is killed.
        await using var connection = tables.Open();
        await using var transaction = connection.BeginTransaction();
        var batch = await jobs.EnqueueBatchAsync(products, options, transaction, cancellationToken);
        tables.Add(transaction, batch.Id, products.Length);
        await transaction.CommitAsync(cancellationToken);

        progress.Follow(batch.Id);
        var analysis = (await jobs.GetAsync(batch.Id, cancellationToken))!;
        return TypedResults.Accepted($"/api/v1/jobs/{batch.Id}", new AnalysisStarted(batch.Id.Value, products.Length, analysis.BatchState!.MaxParallel ?? request.MaxWorkers));
    }
}
