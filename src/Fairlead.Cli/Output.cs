using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Fairlead.Cli;

/// <summary>Where a command writes: answers on standard output, everything else on standard error.</summary>
internal sealed class Output
{
    /// <summary>Answers.</summary>
    public TextWriter Answers { get; } = Console.Out;

    /// <summary>Messages, progress, errors.</summary>
    public TextWriter Messages { get; } = Console.Error;

    /// <summary>True when answers are read by a person.</summary>
    public bool AnswersOnTerminal { get; } = !Console.IsOutputRedirected;

    /// <summary>True when messages are read by a person on a terminal that can move its cursor.</summary>
    public bool MessagesOnTerminal { get; } = !Console.IsErrorRedirected && Environment.GetEnvironmentVariable("TERM") is not ("dumb" or null);

    public void Line(string text) => Answers.WriteLine(text);

    public void Message(string text) => Messages.WriteLine(text);

    public void Table(Table table) => table.Write(Answers, AnswersOnTerminal);

    /// <summary>One JSON value on one line.</summary>
    public void Json<T>(T value, JsonTypeInfo<T> type) => Answers.WriteLine(Encoding.UTF8.GetString(JsonSerializer.SerializeToUtf8Bytes(value, type)));
}
