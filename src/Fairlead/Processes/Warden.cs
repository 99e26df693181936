namespace Fairlead.Processes;

/// <summary>
/// The node's handle on its warden: programs run through it, and nothing of them outlives their job, this node, or the warden. A warden that
/// dies is replaced with the next program; those that ran in its care are ended and reported lost.
/// </summary>
internal sealed class Warden : IProcessHost, IAsyncDisposable
{
    internal const string NotOnWindows = "Programs as workers need Linux or macOS: Windows has no process groups and signals to end them by. Use .NET handlers there, or WSL.";

    private static readonly TimeSpan s_startTimeout = TimeSpan.FromSeconds(20);
    private readonly WardenOptions _options;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private WardenLink _link;
    private bool _isDisposed;

    private Warden(WardenOptions options, TimeProvider time, WardenLink link)
    {
        _options = options;
        _time = time;
        _link = link;
    }

    /// <summary>What the jobs are held by.</summary>
    internal Containment Containment { get; private set; } = new(Rung.Best, "not known yet");

    /// <summary>The process id of the warden that is in office.</summary>
    internal int Pid => _link.Pid;

    /// <summary>Starts one and waits until it is ready.</summary>
    /// <exception cref="PlatformNotSupportedException">On Windows.</exception>
    /// <exception cref="IOException">It could not be started.</exception>
    internal static async Task<Warden> StartAsync(WardenOptions options, TimeProvider time, CancellationToken cancellationToken = default)
    {
        if (OperatingSystem.IsWindows())
        {
            throw new PlatformNotSupportedException(NotOnWindows);
        }
        var link = WardenLink.Start(options, time);
        var warden = new Warden(options, time, link);
        try
        {
            warden.Containment = await link.Ready.WaitAsync(s_startTimeout, time, cancellationToken);
            return warden;
        }
        catch
        {
            await warden.DisposeAsync();
            throw;
        }
    }

    /// <summary>Runs a program to its end; never throws for what became of it. Cancelled, it is sent SIGTERM, and SIGKILL when its grace is over.</summary>
    internal async Task<ProcessExit> RunAsync(ProcessSpec spec, IProcessOutput output, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return new ProcessExit { Reason = EndReason.Stopped, Message = "It was stopped before it was started." };
        }
        var process = Start(spec, output);
        using var stop = cancellationToken.Register(static process => ((IHostedProcess)process!).Stop(), process);
        return await process.Exit;
    }

    /// <inheritdoc />
    public IHostedProcess Start(ProcessSpec spec, IProcessOutput output)
    {
        try
        {
            return Begin(spec, output);
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException)
        {
            return new UnstartedProcess(new ProcessExit { Reason = EndReason.WardenLost, Message = error.Message });
        }
    }

    /// <inheritdoc />
    public IReadOnlyDictionary<int, long> MemoryOf(IReadOnlyCollection<int> pids) => ProcessMemory.Of(pids);

    /// <summary>Ends all programs, then the warden.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _isDisposed = true;
        }
        await _link.EndAsync();
    }

    private IHostedProcess Begin(ProcessSpec spec, IProcessOutput output)
    {
        while (true)
        {
            var link = _link;
            if (link.Begin(spec, output) is { } run)
            {
                return run;
            }
            Replace(link);
        }
    }

    private void Replace(WardenLink dead)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            if (_link == dead)
            {
                _link = WardenLink.Start(_options, _time);
            }
        }
    }
}
