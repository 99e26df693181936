using Microsoft.Extensions.Logging;

namespace Fairlead.Engine;

/// <summary>Which attempt the current flow of execution belongs to, so that what it logs becomes the job's log.</summary>
internal static class JobLogScope
{
    private static readonly AsyncLocal<Attempt?> Current = new();

    /// <summary>The attempt whose code is running here; null outside attempts.</summary>
    public static Attempt? Attempt => Current.Value;

    /// <summary>Makes <paramref name="attempt" /> current until disposed.</summary>
    public static Scope Enter(Attempt attempt)
    {
        Current.Value = attempt;
        return default;
    }

    /// <summary>Ends what <see cref="Enter" /> began.</summary>
    public readonly struct Scope : IDisposable
    {
        /// <inheritdoc />
        public void Dispose() => Current.Value = null;
    }
}

/// <summary>Keeps everything that is logged inside an attempt, by any logger, as that job's log.</summary>
internal sealed class JobLoggerProvider : ILoggerProvider
{
    public ILogger CreateLogger(string categoryName) => new JobLogger();

    public void Dispose()
    {
        // Loggers hold nothing.
    }

    private sealed class JobLogger : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None && JobLogScope.Attempt is not null;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (JobLogScope.Attempt is { } attempt)
            {
                var text = formatter(state, exception);
                attempt.Log.Write(logLevel, exception is null ? text : $"{text}\n{exception}");
            }
        }
    }
}
