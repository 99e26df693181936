using Fairlead.Processes;

namespace Fairlead.Cli.Alerts;

/// <summary>Runs a program for each alert: the alert as JSON on its standard input, its kind in <c>FAIRLEAD_ALERT</c>. Exit code 0 is told; it is run once.</summary>
internal sealed class AlertProgram(IReadOnlyList<string> run, string? directory, IProcessHost host) : IAlertChannel
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public async Task TellAsync(AlertBody alert, CancellationToken cancellationToken)
    {
        var process = host.Start(Specify(alert), new Unheard());
        await using var stop = cancellationToken.Register(static process => ((IHostedProcess)process!).Stop(), process);
        var exit = await process.Exit;
        if (exit is not { Reason: EndReason.Exited, ExitCode: 0 })
        {
            throw new AlertFailure($"the program of alerts ({run[0]}) {Ending(exit)}");
        }
    }

    private ProcessSpec Specify(AlertBody alert) => new()
    {
        Arguments = run,
        Directory = directory,
        Environment = [new("FAIRLEAD_ALERT", alert.Kind)],
        Input = (byte[])[.. alert.ToJson(), (byte)'\n'],
        Timeout = Patience,
        KillAfter = TimeSpan.FromSeconds(2),
        KeepOutput = 0,
    };

    private static string Ending(ProcessExit exit) => exit switch
    {
        { Reason: EndReason.TimedOut } => $"did not end within {Patience.TotalSeconds:0} s and was ended",
        { Reason: EndReason.Exited, Signal: > 0 } => $"was killed by signal {exit.Signal}",
        { Reason: EndReason.Exited } => $"ended with exit code {exit.ExitCode}",
        { Reason: EndReason.NotStarted } => $"could not be started: {exit.Message}",
        _ => "was ended before it was done",
    };

    /// <summary>What it writes is its own affair.</summary>
    private sealed class Unheard : IProcessOutput
    {
        public void Started(int pid)
        {
            // Nothing to note.
        }

        public void Wrote(bool isError, ReadOnlySpan<byte> bytes, long leftOut)
        {
            // Dropped.
        }
    }
}
