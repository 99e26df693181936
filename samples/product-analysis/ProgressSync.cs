using System.Threading.Channels;
using Fairlead.Storage;

namespace Fairlead.Samples.ProductAnalysis;

/// <summary>
/// Pushes the progress of every analysis to the program's own table, each time that so many products have ended. It keeps nothing of its
/// own: a process that starts again goes on with what the table says is unfinished.
/// </summary>
public sealed partial class ProgressSync(JobClient jobs, AnalysisTables tables, AnalysisSettings settings, TimeProvider time, ILogger<ProgressSync> logger) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);
    private readonly Channel<JobId> _begun = Channel.CreateUnbounded<JobId>();

    /// <summary>An analysis has begun.</summary>
    public void Follow(JobId analysis) => _begun.Writer.TryWrite(analysis);

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        foreach (var analysis in tables.Unfinished())
        {
            Follow(analysis);
        }
        await foreach (var analysis in _begun.Reader.ReadAllAsync(stoppingToken))
        {
            _ = SyncAsync(analysis, stoppingToken);
        }
    }

    /// <summary>Follows one to its end. While the store or the table is away it tries again: nothing is lost by a late push.</summary>
    public async Task SyncAsync(JobId analysis, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await foreach (var state in jobs.WatchAsync(analysis, settings.SyncEvery, stop))
                {
                    tables.SaveProgress(state);
                    var items = state.BatchState!.Items;
                    LogProgress(logger, analysis, state.Status.ToWire(), items.Ended, items.Total, items.Completed, items.Failed);
                }
                return;
            }
            catch (Exception error) when (error is StoreUnavailableException or Microsoft.Data.Sqlite.SqliteException)
            {
                LogPushed(logger, analysis, error.Message);
                await Task.Delay(Pause, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    [LoggerMessage(1, LogLevel.Information, "Analysis {Analysis}: {Status}, {Processed}/{Total} products, {Succeeded} succeeded, {Failed} failed")]
    private static partial void LogProgress(ILogger logger, JobId analysis, string status, long processed, long total, long succeeded, long failed);

    [LoggerMessage(2, LogLevel.Warning, "Analysis {Analysis}: its progress could not be pushed and will be in a second: {Error}")]
    private static partial void LogPushed(ILogger logger, JobId analysis, string error);
}
