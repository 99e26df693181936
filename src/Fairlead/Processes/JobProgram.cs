using System.Globalization;
using System.Text;
using System.Text.Json;
using Fairlead.Engine;

namespace Fairlead.Processes;

/// <summary>
/// One attempt as one process (<c>protocol: job</c>): what it is started with, and what its end means. The payload on standard input, the result as the
/// last line of standard output, all else as log; exit 0 completed, 75 deferred, 65 failed for good, any other failed.
/// </summary>
internal sealed class JobProgram(ProcessWorkerOptions options)
{
    private const int DeferredCode = 75, FailedForGoodCode = 65;

    /// <summary>What its end means.</summary>
    internal static WorkResult Judge(ProcessExit exit, ReadOnlyMemory<byte> result, string? lastError) => exit.Reason switch
    {
        EndReason.Exited when exit.Signal != 0 => new WorkResult.Lost($"killed by signal {exit.Signal}"),
        EndReason.Exited => JudgeCode(exit.ExitCode, result, lastError),
        EndReason.TimedOut => new WorkResult.TimedOut($"timed out: {Ending(exit)}"),
        EndReason.Stopped => new WorkResult.Stopped(),
        EndReason.NotStarted => new WorkResult.Failed(exit.Message, Refusal.MayPass(exit.Error)),
        EndReason.Silenced => new WorkResult.Lost($"ended by the warden because this node was silent for longer than its lease: {Ending(exit)}"),
        _ => new WorkResult.Lost(exit.Message),
    };

    private static WorkResult JudgeCode(int code, ReadOnlyMemory<byte> result, string? lastError) => code switch
    {
        0 => new WorkResult.Completed(result),
        DeferredCode => new WorkResult.Deferred(null, lastError),
        _ => new WorkResult.Failed(lastError is null ? $"exit code {code}" : $"exit code {code}: {lastError}", code != FailedForGoodCode),
    };

    /// <summary>What was done to it, in the order in which it was done.</summary>
    internal static string Ending(ProcessExit exit)
    {
        var done = new List<string>();
        if (exit.TermAfter is { } term)
        {
            done.Add($"SIGTERM after {Seconds(term)}");
        }
        if (exit.KillAfter is { } kill)
        {
            done.Add($"SIGKILL after {Seconds(kill)}");
        }
        if (exit.Killed > 0)
        {
            done.Add($"{exit.Killed} {(exit.Killed == 1 ? "process" : "processes")} ended");
        }
        if (exit.Left > 0)
        {
            done.Add($"{exit.Left} held by the kernel and not dead yet");
        }
        return string.Join(", ", done);
    }

    private static string Seconds(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.###} s");

    /// <summary>What it is started with; null when the payload cannot be an argument.</summary>
    internal ProcessSpec? Specify(Attempt attempt)
    {
        var text = options.PayloadInArguments || options.Input == ProcessInput.Text ? TextOf(attempt.Job.Payload) : null;
        if (options.PayloadInArguments && text!.Contains('\0'))
        {
            return null;
        }
        return new ProcessSpec
        {
            Arguments = ArgumentsFor(text),
            Environment = EnvironmentFor(attempt),
            Directory = options.WorkingDirectory,
            Input = InputFor(attempt.Job.Payload, text),
            Timeout = attempt.Timeout > TimeSpan.Zero && attempt.Timeout < TimeSpan.FromDays(3650) ? attempt.Timeout : null,
            KillAfter = attempt.Queue.KillAfter,
            KeepOutput = options.KeepOutput,
        };
    }

    private string[] ArgumentsFor(string? text)
    {
        if (!options.PayloadInArguments)
        {
            return [options.Program, .. options.Arguments];
        }
        var hasPlace = options.Arguments.Any(argument => argument.Contains("{}", StringComparison.Ordinal));
        return hasPlace
            ? [options.Program, .. options.Arguments.Select(argument => argument.Replace("{}", text, StringComparison.Ordinal))]
            : [options.Program, .. options.Arguments, text!];
    }

    private ReadOnlyMemory<byte> InputFor(ReadOnlyMemory<byte> payload, string? text)
    {
        if (options.Input == ProcessInput.None)
        {
            return default;
        }
        var bytes = options.Input == ProcessInput.Text ? Encoding.UTF8.GetBytes(text!) : payload.Span;
        var line = new byte[bytes.Length + 1];
        bytes.CopyTo(line);
        line[^1] = (byte)'\n';
        return line;
    }

    private List<KeyValuePair<string, string>> EnvironmentFor(Attempt attempt)
    {
        var timeout = attempt.StartedAt + attempt.Timeout;
        var deadline = attempt.Timeout > TimeSpan.Zero && timeout < attempt.Job.Deadline ? timeout : attempt.Job.Deadline;
        KeyValuePair<string, string>[] scheduled = attempt.Job.ScheduledFor is { } time ? [new("FAIRLEAD_JOB_SCHEDULED_FOR", Iso(time))] : [];
        return
        [
            new("FAIRLEAD_JOB_ID", attempt.Job.Key.Job.ToString()),
            new("FAIRLEAD_QUEUE", attempt.Job.Queue),
            new("FAIRLEAD_ATTEMPT", attempt.Job.Attempt.ToString(CultureInfo.InvariantCulture)),
            new("FAIRLEAD_DEADLINE", Iso(deadline)),
            new("FAIRLEAD_FENCE", attempt.Job.Key.Fence.ToString(CultureInfo.InvariantCulture)),
            .. scheduled,
            .. options.Environment,
        ];
    }

    private static string Iso(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    private static string TextOf(ReadOnlyMemory<byte> payload)
    {
        var reader = new Utf8JsonReader(payload.Span);
        return reader.Read() && reader.TokenType == JsonTokenType.String ? reader.GetString()! : Encoding.UTF8.GetString(payload.Span);
    }
}
