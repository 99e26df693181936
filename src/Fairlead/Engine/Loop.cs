using Fairlead.Storage;
using Microsoft.Extensions.Logging;

namespace Fairlead.Engine;

/// <summary>
/// What every loop of a host is: a step, done again and again until it is stopped. A step that fails is logged and done again after
/// a pause: no error ends a loop.
/// </summary>
internal abstract partial class Loop(TimeProvider time, ILogger logger)
{
    private bool _storeAway;

    /// <summary>The clock it waits by.</summary>
    protected TimeProvider Time { get; } = time;

    /// <summary>Where it writes.</summary>
    protected ILogger Logger { get; } = logger;

    /// <summary>How long it pauses after a step that failed.</summary>
    protected virtual TimeSpan PauseAfterError => TimeSpan.FromMilliseconds(250);

    /// <summary>Runs steps until <paramref name="stop" /> is cancelled. Never throws.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await StepAsync(stop);
                _storeAway = false;
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (StoreUnavailableException away)
            {
                if (!_storeAway)
                {
                    LogStoreAway(Logger, GetType().Name, away.Message);
                }
                _storeAway = true;
                await PauseAsync(stop);
            }
#pragma warning disable CA1031 // a loop outlives every error of a step
            catch (Exception error)
#pragma warning restore CA1031
            {
                LogStepFailed(Logger, error, GetType().Name);
                await PauseAsync(stop);
            }
        }
    }

    /// <summary>One round, its waiting included.</summary>
    protected abstract ValueTask StepAsync(CancellationToken stop);

    /// <summary>Waits; returns early, without an error, when <paramref name="stop" /> is cancelled.</summary>
    protected async ValueTask DelayAsync(TimeSpan delay, CancellationToken stop) =>
        await Task.Delay(delay, Time, stop).ConfigureAwait(ConfigureAwaitOptions.ContinueOnCapturedContext | ConfigureAwaitOptions.SuppressThrowing);

    private ValueTask PauseAsync(CancellationToken stop) => DelayAsync(PauseAfterError, stop);

    [LoggerMessage(1, LogLevel.Warning, "{Loop}: the store cannot be reached, trying again: {Reason}")]
    private static partial void LogStoreAway(ILogger logger, string loop, string reason);

    [LoggerMessage(2, LogLevel.Error, "{Loop}: a step failed, trying again")]
    private static partial void LogStepFailed(ILogger logger, Exception error, string loop);
}

/// <summary>A loop that does its step at a fixed interval.</summary>
internal abstract class MaintenanceLoop(TimeProvider time, ILogger logger, TimeSpan every) : Loop(time, logger)
{
    /// <summary>What is done each time.</summary>
    public abstract ValueTask RunOnceAsync(CancellationToken stop);

    /// <inheritdoc />
    protected sealed override async ValueTask StepAsync(CancellationToken stop)
    {
        await DelayAsync(every, stop);
        if (!stop.IsCancellationRequested)
        {
            await RunOnceAsync(stop);
        }
    }
}
