using Microsoft.Extensions.Logging;

namespace Fairlead.Cli.Runs;

/// <summary>Shows the engine's warnings to whoever watches a run: a store that is away, a lease that was lost.</summary>
internal sealed class MessageLoggers(Action<string> say) : ILoggerFactory, ILogger
{
    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException("Messages go to one place.");

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel is >= LogLevel.Warning and not LogLevel.None;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel))
        {
            say($"fairlead: {formatter(state, exception)}{(exception is null ? "" : $": {exception.Message}")}");
        }
    }

    public void Dispose()
    {
        // Nothing is held.
    }
}
