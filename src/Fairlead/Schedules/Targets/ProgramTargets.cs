using System.Globalization;
using Fairlead.Engine;
using Fairlead.Processes;

namespace Fairlead.Schedules.Targets;

/// <summary>
/// Targets that a program writes on its standard output, which is run for every cycle. What it writes on its standard error is the cycle's log; any exit but 0 is
/// an error, whatever it wrote before.
/// </summary>
/// <param name="run">The program and its arguments.</param>
/// <param name="directory">Where it runs.</param>
/// <param name="host">What runs it, and ends it with all it started.</param>
internal sealed class ProgramTargets(IReadOnlyList<string> run, string? directory, IProcessHost host) : ITargetSource
{
    /// <inheritdoc />
    public async ValueTask<IReadOnlyList<ReadOnlyMemory<byte>>> ReadAsync(Attempt attempt, CancellationToken cancellationToken)
    {
        var output = new TargetOutput(attempt.Log);
        var process = host.Start(Specify(attempt), output);
        await using var stop = cancellationToken.Register(static process => ((IHostedProcess)process!).Stop(), process);
        var exit = await process.Exit;
        cancellationToken.ThrowIfCancellationRequested();
        output.Finish();
        return exit is not { Reason: EndReason.Exited, ExitCode: 0 } ? throw new TargetsUnreadableException($"The program of targets ({run[0]}) {Ending(exit, output.LastError)}")
            : output.IsTooLarge ? throw TargetText.TooLarge($"Output of {run[0]}")
            : TargetText.Read(output.Text, $"Output of {run[0]}");
    }

    private ProcessSpec Specify(Attempt attempt) => new()
    {
        Arguments = run,
        Directory = directory,
        Environment =
        [
            new("FAIRLEAD_SCHEDULE", attempt.Job.Kind.Name),
            new("FAIRLEAD_JOB_ID", attempt.Job.Key.Job.ToString()),
            new("FAIRLEAD_ATTEMPT", attempt.Job.Attempt.ToString(CultureInfo.InvariantCulture)),
        ],
        Timeout = attempt.Timeout < TimeSpan.FromDays(3650) ? attempt.Timeout : null,
        KillAfter = attempt.Queue.KillAfter,
        KeepOutput = TargetText.MostBytes,
    };

    private static string Ending(ProcessExit exit, string? lastError) => exit switch
    {
        { Reason: EndReason.NotStarted } => $"could not be started: {exit.Message}",
        { Reason: EndReason.Exited, Signal: > 0 } => $"was killed by signal {exit.Signal}.",
        { Reason: EndReason.Exited } => $"ended with exit code {exit.ExitCode}{(lastError is null ? "." : $": {lastError}")}",
        { Reason: EndReason.TimedOut } => "did not end in time and was ended.",
        _ => $"was ended before it was done. {exit.Message}".TrimEnd(),
    };
}
