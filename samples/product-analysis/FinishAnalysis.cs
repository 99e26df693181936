namespace Fairlead.Samples.ProductAnalysis;

/// <summary>The finalize step: enqueued exactly once when the last product of an analysis has ended, however it ended.</summary>
public sealed record FinishAnalysis;

/// <summary>Writes down how an analysis ended. Whoever pushed its progress may have been gone by then.</summary>
public sealed class FinishAnalysisHandler(JobClient jobs, AnalysisTables tables) : IJobHandler<FinishAnalysis>
{
    /// <inheritdoc />
    public async Task HandleAsync(FinishAnalysis job, JobContext context, CancellationToken cancellationToken)
    {
        if (await jobs.GetAsync(context.Job.Parent!.Value, cancellationToken) is { } analysis)
        {
            tables.SaveProgress(analysis);
        }
    }
}
