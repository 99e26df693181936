using Microsoft.Extensions.Logging;

namespace Fairlead.Tests.Schedules;

/// <summary>Keeps what is logged about schedules: lines that begin with a name in brackets.</summary>
internal sealed class KeptLog : ILoggerProvider, ILogger
{
    public List<string> Lines { get; } = [];

    public IEnumerable<string> Of(string schedule) => Lines.Where(line => line.StartsWith($"[{schedule}] ", StringComparison.Ordinal));

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (formatter(state, exception) is ['[', ..] line)
        {
            Lines.Add(line);
        }
    }

    public void Dispose()
    {
        // Nothing is held.
    }
}
