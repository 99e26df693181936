using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace Fairlead.Cli.Serving;

/// <summary>Where a node writes: one line each on standard error, with the time in UTC.</summary>
internal static class ServeLoggers
{
    public static ILoggerFactory Create(LogLevel level) => LoggerFactory.Create(logging => logging
        .SetMinimumLevel(level)
        .AddFilter("Microsoft", level < LogLevel.Information ? level : LogLevel.Warning)
        .AddFilter("System", LogLevel.Warning)
        .AddSimpleConsole(console =>
        {
            (console.SingleLine, console.UseUtcTimestamp, console.TimestampFormat) = (true, true, "yyyy-MM-dd HH:mm:ss.fff ");
            console.ColorBehavior = Console.IsErrorRedirected ? LoggerColorBehavior.Disabled : LoggerColorBehavior.Default;
        })
        .AddConsole(static console => console.LogToStandardErrorThreshold = LogLevel.Trace));
}
