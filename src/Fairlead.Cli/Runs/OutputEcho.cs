using System.Text;
using Fairlead.Engine;
using Microsoft.Extensions.Logging;

namespace Fairlead.Cli.Runs;

/// <summary>Shows what programs write, line by line: their standard output on ours, their standard error on ours.</summary>
internal sealed class OutputEcho(Output output)
{
    /// <summary>A log that is shown as well as kept.</summary>
    public IAttemptLog Over(IAttemptLog log) => new ShownLog(this, log);

    /// <summary>A program's last line, if it is JSON, is its result and not in its log: it is shown all the same.</summary>
    public void Result(ReadOnlyMemory<byte> result) => Write(output.Answers, Encoding.UTF8.GetString(result.Span));

    private static void Write(TextWriter writer, string line)
    {
        try
        {
            writer.WriteLine(line);
        }
        catch (IOException)
        {
            // Nobody reads it any more (`| head`). The work goes on.
        }
    }

    private sealed class ShownLog(OutputEcho echo, IAttemptLog log) : IAttemptLog
    {
        public void Write(LogLevel level, string message)
        {
            log.Write(level, message);
            OutputEcho.Write(level >= LogLevel.Warning ? echo.Messages : echo.Answers, message);
        }
    }

    private TextWriter Answers => output.Answers;

    private TextWriter Messages => output.Messages;
}
