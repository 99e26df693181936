using Fairlead.Storage;
using Microsoft.Extensions.Logging;

namespace Fairlead.Engine;

/// <summary>Fails jobs that wait past their deadline: nothing waits for ever.</summary>
internal sealed class DeadlineExpirer(TimeProvider time, IJobStore store, ILogger logger) : MaintenanceLoop(time, logger, TimeSpan.FromSeconds(5))
{
    private const int AtOnce = 1000;

    /// <inheritdoc />
    public override async ValueTask RunOnceAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested && await store.ExpireAsync(AtOnce, stop) == AtOnce)
        {
            // More are waiting: each call is short, so that claims get their turn.
        }
    }
}
