using System.Text.Json;
using Fairlead.Engine;
using Fairlead.Storage;
using Microsoft.Extensions.Logging;

namespace Fairlead.Processes.Pools;

/// <summary>Keys that processes take once for their jobs: asked for, kept before the end, given back. The store is asked outside of the pool's lock.</summary>
internal sealed partial class StreamPool
{
    /// <summary>How long a process is told to leave a job whose keys could not be asked for.</summary>
    private static readonly TimeSpan AskAgain = TimeSpan.FromSeconds(1);

    private void Once(StreamProcess process, StreamTurn turn, StreamAnswer answer)
    {
        if (Understand(turn, answer, answer.Once!.Value, out var problem) is not { } asked)
        {
            process.Refuse(answer.Once.Value, turn.Job, AskAgain.TotalSeconds, problem);
            return;
        }
        if (asked.Keys.Count == 0)
        {
            process.Once(asked, turn, []);
            return;
        }
        Afterwards(() => _ = OnceAsync(process, turn, asked));
    }

    private async Task OnceAsync(StreamProcess process, StreamTurn turn, OnceRequest asked)
    {
        try
        {
            var keys = Setup.Keys ?? throw new ArgumentException("This node has no keys.");
            var answers = await keys.ClaimKeysAsync(new KeyClaim { Scope = asked.Scope, Keys = asked.Keys, Attempt = turn.Attempt.Job.Key, Keep = asked.Keep });
            Answer(process, turn, () => process.Once(asked, turn, answers));
        }
#pragma warning disable CA1031 // whatever it was, a worker that hears nothing would wait until its timeout
        catch (Exception error)
#pragma warning restore CA1031
        {
            turn.Log.Write(LogLevel.Warning, $"The keys it asked for once could not be claimed: {error.Message}");
            Answer(process, turn, () => process.Refuse(asked.Word, turn.Job, AskAgain.TotalSeconds, error.Message));
        }
    }

    private void Answer(StreamProcess process, StreamTurn turn, Action say) => Do(() =>
    {
        if (process.Holds(turn))
        {
            say();
        }
    });

    /// <summary>Keys are kept now, or given back: before the job's end is told, so that it finds them settled.</summary>
    private void Settle(StreamTurn turn, StreamAnswer answer, JsonElement word, bool keep)
    {
        if (Understand(turn, answer, word, out var problem) is not { } asked)
        {
            turn.Unsettled ??= problem;
            return;
        }
        if (asked.Keys.Count > 0)
        {
            turn.Settlements++;
            Afterwards(() => _ = SettleAsync(turn, new KeySettlement(asked.Scope, asked.Keys, turn.Attempt.Job.Key, keep)));
        }
    }

    private async Task SettleAsync(StreamTurn turn, KeySettlement settlement)
    {
        string? problem = null;
        try
        {
            await (Setup.Keys ?? throw new ArgumentException("This node has no keys.")).SettleKeysAsync(settlement);
        }
#pragma warning disable CA1031 // its job's end waits for this
        catch (Exception error)
#pragma warning restore CA1031
        {
            problem = error.Message;
            turn.Log.Write(LogLevel.Warning, $"Its keys could not be {(settlement.Keep ? "kept" : "given back")}: {problem}");
        }
        Do(() =>
        {
            turn.Unsettled ??= settlement.Keep ? null : problem;
            if (--turn.Settlements == 0 && turn.Result is { } result)
            {
                Afterwards(() => turn.End(Settled(turn, result)));
            }
        });
    }

    /// <summary>Its end, when all that it said about its keys has been done.</summary>
    private void EndWhenSettled(StreamTurn turn, WorkResult result)
    {
        turn.Result = result;
        if (turn.Settlements == 0)
        {
            Afterwards(() => turn.End(Settled(turn, result)));
        }
    }

    /// <summary>Completed, it would keep the keys that it wanted to give back, and nobody would do what they stand for.</summary>
    private static WorkResult Settled(StreamTurn turn, WorkResult result) => result is WorkResult.Completed && turn.Unsettled is { } problem
        ? new WorkResult.Failed($"The keys it gave back could not be: {problem}")
        : result;

    private OnceRequest? Understand(StreamTurn turn, StreamAnswer answer, JsonElement word, out string? problem)
    {
        try
        {
            problem = null;
            return OnceRequest.Read(answer, word, turn.Attempt.Job.Kind.Name);
        }
        catch (ArgumentException wrong)
        {
            problem = wrong.Message;
            turn.Log.Write(LogLevel.Warning, $"What it said about keys taken once was not understood: {problem}");
            return null;
        }
    }

    /// <summary>Keys that it named without a job: nobody knows whose they were, and it may wait for an answer.</summary>
    private void OnceForNobody(StreamProcess process, StreamAnswer answer)
    {
        const string Expected = "keys are taken for a job: \"for\" names it, as in {\"once\":\"key\",\"for\":12}";
        process.Head?.Log.Write(LogLevel.Warning, $"What it said about keys taken once was not understood: {Expected}");
        Failed($"Worker {process.Id}: {Expected}");
        if (answer.Once is { } word)
        {
            process.Refuse(word, null, AskAgain.TotalSeconds, Expected);
        }
    }
}
