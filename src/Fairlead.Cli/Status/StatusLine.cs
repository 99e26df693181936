using Fairlead.Engine;
using Fairlead.Storage;
using Microsoft.Extensions.Logging;

namespace Fairlead.Cli.Status;

/// <summary>Writes what <c>fairlead status</c> says to the log, every 30 s if it has changed.</summary>
internal sealed partial class StatusLine(IJobQueries store, TimeProvider time, ILogger logger) : MaintenanceLoop(time, logger, TimeSpan.FromSeconds(30))
{
    private string? _last;

    /// <inheritdoc />
    public override async ValueTask RunOnceAsync(CancellationToken stop)
    {
        var line = await StatusText.ReadAsync(store, stop);
        if (line != _last)
        {
            _last = line;
            LogStatus(Logger, line);
        }
    }

    [LoggerMessage(83, LogLevel.Information, "{Status}")]
    private static partial void LogStatus(ILogger logger, string status);
}
