using System.Runtime.InteropServices;
using System.Text.Json;
using Fairlead.Engine;
using Fairlead.Limits;
using Fairlead.Processes.OwnProcess;
using Fairlead.Storage;
using Microsoft.Extensions.Logging;

namespace Fairlead.Processes.Pools;

/// <summary>What the lines of a process mean; all but <see cref="AcquireAsync" /> runs under the pool's lock.</summary>
internal sealed partial class StreamPool
{
    private const int LongestQuote = 200, MostQuoted = 16 * 1024;

    /// <summary>How long a process that closes its output may take to end by itself, so that its own exit code is what is told of it.</summary>
    private static readonly TimeSpan TimeToLeave = TimeSpan.FromMilliseconds(500);

    private void Hear(StreamProcess process, ReadOnlySpan<byte> line)
    {
        if (!process.IsReady && line.SequenceEqual(OwnProcessCommand.Ready))
        {
            BecomeReady(process);
        }
        else if (DoneLine.TryRead(line, out var done) && process.Find(done) is { } head)
        {
            Complete(process, head, Completed(head, default));
        }
        else if (StreamAnswer.Read(line) is not { } answer)
        {
            Log(process, LogLevel.Information, line);
        }
        else if (answer.Job is not { } job)
        {
            ForNoJob(process, answer);
        }
        else if (process.Find(job) is { } turn)
        {
            Heed(process, turn, answer);
        }
        else
        {
            Failed($"Worker {process.Id} spoke of job {job}, which it does not have: {Quote(line)}");
        }
    }

    private void ForNoJob(StreamProcess process, StreamAnswer answer)
    {
        if (answer.IsAboutKeys)
        {
            OnceForNobody(process, answer);
        }
        else
        {
            Limited(answer, null);
        }
    }

    /// <summary>It has come to its jobs: the time of the first counts from now.</summary>
    private void BecomeReady(StreamProcess process)
    {
        process.IsReady = true;
        if (process.Head is { BeganAt: 0 } head)
        {
            BeginOrCancel(process, head);
        }
    }

    private void HearError(StreamProcess process, ReadOnlySpan<byte> line) => Log(process, LogLevel.Warning, line);

    /// <summary>Programs of this very kind print everything on standard error: it says nothing about how grave it is.</summary>
    private LogLevel LevelOf(LogLevel level) => Options.ToOwnProgram is null ? level : LogLevel.Information;

    /// <summary>What is no answer is log, of the job it works at; what it says between two jobs is kept as the pool's last word.</summary>
    private void Log(StreamProcess process, LogLevel level, ReadOnlySpan<byte> line)
    {
        if (line.Trim(" \t\r"u8).IsEmpty)
        {
            return;
        }
        if (process.Head is not { } head)
        {
            process.LastWords = Quote(line);
            return;
        }
        foreach (var part in PlainText.Parts(line, Secrets.Of))
        {
            head.Log.Write(LevelOf(level), part);
        }
        // What .NET says of a crash is followed by where it was.
        process.LastWords = level == LogLevel.Warning && !(Options.ToOwnProgram is not null && line[0] == (byte)' ') ? Quote(line) : process.LastWords;
    }

    private void Heed(StreamProcess process, StreamTurn turn, StreamAnswer answer)
    {
        switch (answer)
        {
            case { Done: not null }:
                Complete(process, turn, Completed(turn, Bytes(answer.Result)));
                break;
            case { Failed: not null }:
                Complete(process, turn, new WorkResult.Failed(Secrets.Of(answer.Error ?? "It failed without a word."), answer.Retry ?? true));
                break;
            case { Defer: not null }:
                Complete(process, turn, new WorkResult.Deferred(Seconds(answer.Seconds), answer.Reason is { } reason ? Secrets.Of(reason) : null));
                break;
            case { Progress: not null }:
                turn.Attempt.Progress = new AttemptProgress(answer.Processed ?? 0, answer.Total ?? 0);
                break;
            case { Log: not null }:
                turn.Log.Write(LevelOf(answer.Level), answer.Message ?? "");
                break;
            case { Enqueue: not null }:
                Enqueue(turn, answer);
                break;
            case { Waits: not null } or { Works: not null }:
                WaitsItself(process, turn, answer.Waits is not null);
                break;
            case { Acquire: { } limit }:
                Acquire(process, turn, limit, answer.Cost ?? 1);
                break;
            case { Release: { } limit }:
                turn.Release(limit);
                break;
            case { Once: not null }:
                Once(process, turn, answer);
                break;
            case { Kept: { } keys }:
                Settle(turn, answer, keys, keep: true);
                break;
            case { Free: { } keys }:
                Settle(turn, answer, keys, keep: false);
                break;
            case { Limited: not null }:
                Limited(answer, turn);
                break;
            case { Charge: { } limit }:
                Report(new LimitReport { Limit = limit, Group = turn.Attempt.Job.Group, ExtraCost = answer.Cost ?? 1 });
                break;
        }
    }

    private static WorkResult Completed(StreamTurn turn, ReadOnlyMemory<byte> result) => turn.Problem is { } problem
        ? new WorkResult.Failed(problem, Retryable: false)
        : new WorkResult.Completed(result) { Enqueue = turn.Enqueued };

    private void Enqueue(StreamTurn turn, StreamAnswer answer)
    {
        try
        {
            var queue = answer.Queue ?? throw new ArgumentException("it names no queue");
            var job = new NewJob
            {
                Queue = queue,
                Kind = new JobKind(answer.Kind ?? queue, answer.Version ?? 1),
                Payload = Bytes(answer.Payload) is { IsEmpty: false } payload ? payload : "null"u8.ToArray(),
                Priority = answer.Priority ?? 0,
                Delay = Seconds(answer.Delay) ?? TimeSpan.Zero,
                Group = answer.Group,
                UniqueKey = answer.Unique,
                Timeout = Seconds(answer.Timeout),
                Deadline = Seconds(answer.Deadline),
                Retries = answer.Retries,
                After = answer.After is { } after ? [.. after.Select(static id => new JobId(id))] : [],
                Then = answer.Then is { Queue: { } next } then ? new NextStep(next, new JobKind(then.Kind ?? next, then.Version ?? 1)) : null,
                Parent = turn.Job,
            };
            turn.Enqueue(NewJobRules.Check(job, Setup.QueueOf(queue)));
        }
        catch (ArgumentException wrong)
        {
            // Completing without it would lose work in silence.
            turn.Problem = Secrets.Of($"It asked for a job to be enqueued that cannot be: {wrong.Message}");
        }
    }

    private void Acquire(StreamProcess process, StreamTurn turn, string limit, long cost)
    {
        turn.Waits++;
        if (turn == process.Head)
        {
            process.LiftDeadline(Queue.KillAfter);
        }
        Afterwards(() => _ = AcquireAsync(process, turn, limit, cost));
    }

    private async Task AcquireAsync(StreamProcess process, StreamTurn turn, string limit, long cost)
    {
        try
        {
            var permits = new HandlerPermits(Setup.Limits ?? throw new ArgumentException("This node has no limits."), turn.Attempt);
            var lease = await permits.AcquireAsync([(permits.Limiter(limit), Math.Max(cost, 1))], CancellationToken.None);
            Do(() =>
            {
                Waited(turn);
                if (process.Holds(turn))
                {
                    turn.Hold(limit, lease);
                    process.Permit(limit, turn);
                }
                else
                {
                    (lease as SharedLease)?.GiveBack();
                }
            });
        }
        catch (JobDeferredException later)
        {
            Refuse(process, turn, limit, later.Delay, null);
        }
#pragma warning disable CA1031 // whatever it was, a worker that hears nothing would wait for ever, and its clock stand still
        catch (Exception error)
#pragma warning restore CA1031
        {
            Refuse(process, turn, limit, HandlerPermits.Patience, error.Message);
        }
    }

    private void Refuse(StreamProcess process, StreamTurn turn, string limit, TimeSpan after, string? reason) => Do(() =>
    {
        Waited(turn);
        if (process.Holds(turn))
        {
            process.Refuse(limit, turn, after.TotalSeconds, reason);
        }
    });

    private void Waited(StreamTurn turn)
    {
        turn.Waits--;
        KeepTimeOf(turn);
    }

    private void Limited(StreamAnswer answer, StreamTurn? turn) => Report(new LimitReport
    {
        Limit = answer.Limited!,
        Group = turn?.Attempt.Job.Group,
        Throttled = true,
        RetryAfter = Seconds(answer.Seconds),
    });

    private void Report(LimitReport report)
    {
        if (Setup.Limits is { } limits)
        {
            Afterwards(() => _ = ReportAsync(limits, report));
        }
    }

    private async Task ReportAsync(LimitClient limits, LimitReport report)
    {
        try
        {
            await limits.ReportAsync(report);
        }
        catch (Exception error) when (error is ArgumentException or StoreUnavailableException)
        {
            Do(() => Failed(error.Message));
        }
    }

    private void PunishLongLine(StreamProcess process)
    {
        if (process.Output.IsTooLong)
        {
            Offend(process, $"It wrote a line of more than {LongestLine:N0} bytes, the largest payload and 64 KiB.");
        }
    }

    /// <summary>It cannot be talked to any more: it is ended, and what it works at with it.</summary>
    private void Offend(StreamProcess process, string offence)
    {
        if (process.Offence is null && process.ClosedAt == 0)
        {
            process.Offence = offence;
            EndNow(process, WorkerEnd.Crashed);
        }
    }

    /// <summary>It closed its output: it is about to end, or can never answer again and is ended.</summary>
    private void FallSilent(StreamProcess process)
    {
        if (process.IsDoomed || (process.Head is { BeganAt: not 0 } head && LimitOf(head) - RanFor(head) <= Brief))
        {
            // It was ended for something else: this is how that looks from here.
            return;
        }
        process.Offence ??= "It closed its standard output, on which it should have answered, and went on.";
        process.Ending ??= process.Head is null ? WorkerEnd.Left : WorkerEnd.Crashed;
        process.IsDoomed = true;
        process.Process!.SetDeadline(TimeToLeave, Queue.KillAfter);
    }

    private string Quote(ReadOnlySpan<byte> line)
    {
        // Masked before it is cut: half a secret is one too.
        var text = Secrets.Of(PlainText.Of(line.Length > MostQuoted ? line[..MostQuoted] : line));
        return text.Length > LongestQuote ? text[..LongestQuote] + "…" : text;
    }

    private static ReadOnlyMemory<byte> Bytes(JsonElement? element) => element is { } value ? JsonMarshal.GetRawUtf8Value(value).ToArray() : default;

    private static TimeSpan? Seconds(double? seconds) => seconds is >= 0 and < 3e8 ? TimeSpan.FromSeconds(seconds.Value) : null;

    private static LogLevel LevelOf(string? level) => Enum.TryParse<LogLevel>(level, ignoreCase: true, out var known) && known < LogLevel.None ? known : LogLevel.Information;
}
