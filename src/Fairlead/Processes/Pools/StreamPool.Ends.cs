using Fairlead.Engine;
using Fairlead.Storage;

namespace Fairlead.Processes.Pools;

/// <summary>What the end of a process means for itself and for the jobs in its hands.</summary>
internal sealed partial class StreamPool
{
    private void Ended(StreamProcess process, ProcessExit exit)
    {
        var hand = process.TakeAll();
        var hadWork = hand.Count > 0;
        for (var i = 0; i < hand.Count; i++)
        {
            // Only the first was worked at; the others were never begun, so that ending them costs them nothing.
            var result = i == 0 && hand[i].BeganAt != 0 ? Judge(process, hand[0], exit) : new WorkResult.NotBegun("Its process ended before its turn came.");
            if (hand[i].BeganAt != 0)
            {
                Record.JobEnded(Time.GetElapsedTime(hand[i].BeganAt));
            }
            End(hand[i], result);
        }
        var why = WhyOf(process, exit, hadWork);
        Gone(process, why, why is WorkerEnd.Crashed or WorkerEnd.NotStarted or WorkerEnd.MaxMemory ? ErrorOf(process, exit) : null);
    }

    private WorkResult Judge(StreamProcess process, StreamTurn turn, ProcessExit exit) => (exit.Reason, process.Ending) switch
    {
        (EndReason.NotStarted, _) => new WorkResult.NotBegun(Secrets.Of(exit.Message)),
        _ when !process.IsReady => new WorkResult.NotBegun(ErrorOf(process, exit)),
        _ when turn.CancelledAt != 0 => new WorkResult.Stopped(),
        (_, WorkerEnd.MaxMemory) => new WorkResult.Failed(MemoryError(process)),
        (EndReason.Stopped, WorkerEnd.Ended) => new WorkResult.Lost($"An operator ended its worker: {JobProgram.Ending(exit)}"),
        (EndReason.TimedOut, _) when process.Offence is not null => new WorkResult.Lost(ErrorOf(process, exit)),
        (EndReason.TimedOut, _) when turn.WaitsItself || LimitOf(turn) - RanFor(turn) <= Brief => new WorkResult.TimedOut(
            $"{(Options.MaxRuntime < turn.Attempt.Timeout ? "It ran for the max_runtime of its queue" : "timed out")}: {EndingOf(turn, exit)}"),
        (EndReason.TimedOut, _) => new WorkResult.NotBegun("Its process was ended for the job before it, just as its turn came."),
        _ => new WorkResult.Lost(ErrorOf(process, exit)),
    };

    private string EndingOf(StreamTurn turn, ProcessExit exit)
    {
        var killed = exit.Killed > 0 ? $", {exit.Killed} {(exit.Killed == 1 ? "process" : "processes")} ended by SIGKILL" : "";
        return FormattableString.Invariant($"SIGTERM after {LimitOf(turn).TotalSeconds:0.###} s, gone after {RanFor(turn).TotalSeconds:0.###} s{killed}");
    }

    private WorkerEnd WhyOf(StreamProcess process, ProcessExit exit, bool hadWork) => exit.Reason switch
    {
        EndReason.NotStarted => WorkerEnd.NotStarted,
        EndReason.WardenLost or EndReason.Silenced => WorkerEnd.NodeStopped,
        EndReason.Exited when exit is { Signal: 0, ExitCode: 0 } && !hadWork => process.Ending ?? WorkerEnd.Left,
        EndReason.Exited when process is { ClosedAt: not 0, Ending: { } why } && exit.Signal == 0 => why,
        EndReason.Exited => WorkerEnd.Crashed,
        EndReason.TimedOut => process.Ending is WorkerEnd.MaxMemory or WorkerEnd.Cancelled or WorkerEnd.Crashed ? process.Ending.Value : WorkerEnd.TimedOut,
        _ => process.Ending ?? WorkerEnd.NodeStopped,
    };

    private string ErrorOf(StreamProcess process, ProcessExit exit)
    {
        var what = (exit.Reason == EndReason.Exited ? null : process.Offence) ?? (process.Ending == WorkerEnd.MaxMemory ? MemoryError(process) : exit.Reason switch
        {
            EndReason.Exited when exit.Signal != 0 => $"killed by signal {exit.Signal}",
            EndReason.Exited => $"exit code {exit.ExitCode} before it had answered",
            EndReason.Silenced => "ended by the warden because this node was silent for longer than its lease",
            _ => exit.Message.Length > 0 ? exit.Message : JobProgram.Ending(exit),
        });
        return Secrets.Of(process.LastWords is { } words ? $"{what}: {words}" : what);
    }
}
