using Fairlead.Engine;

namespace Fairlead.Processes;

/// <summary>
/// Runs each attempt as one process, without a pool: as many at once as the node has slots. Timeouts and cancellation end the whole tree.
/// </summary>
internal sealed class ProcessWorker(Warden warden, ProcessWorkerOptions options) : IWorker
{
    private readonly JobProgram _program = new(options);

    /// <inheritdoc />
    public bool EndsWork => true;

    /// <inheritdoc />
    public async Task<WorkResult> RunAsync(Attempt attempt, CancellationToken cancellationToken)
    {
        var output = new JobOutput(attempt.Log, options.KeepOutput);
        if (_program.Specify(attempt) is not { } spec)
        {
            return new WorkResult.Failed("The payload holds a NUL character, which no argument can: read it from standard input instead.", Retryable: false);
        }
        var exit = await warden.RunAsync(spec, output, cancellationToken);
        var result = output.Finish(exit is { Reason: EndReason.Exited, ExitCode: 0 });
        return JobProgram.Judge(exit, result, output.LastError);
    }
}
