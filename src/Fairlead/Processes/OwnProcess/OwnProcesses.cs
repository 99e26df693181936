using Fairlead.Engine;
using Fairlead.Processes.Pools;
using Fairlead.Storage;

namespace Fairlead.Processes.OwnProcess;

/// <summary>The pools of a host's queues whose handlers have processes of their own, and the warden they stand on: it comes with the host and goes with it.</summary>
internal sealed class OwnProcesses(WardenOptions options, TimeProvider time) : IProcessHost, IAsyncDisposable
{
    private static readonly TimeSpan GoWithin = TimeSpan.FromSeconds(2);
    private readonly Dictionary<string, StreamPool> _pools = new(StringComparer.Ordinal);
    private Warden? _warden;

    /// <summary>The pools by their queues' names.</summary>
    public IReadOnlyDictionary<string, IWorker> Pools => _pools.ToDictionary(static pool => pool.Key, static IWorker (pool) => pool.Value, StringComparer.Ordinal);

    /// <summary>Adds the pool of a queue.</summary>
    public void Add(PoolSetup setup, PoolOptions pool, QueueDefinition queue) => _pools.Add(queue.Name, new StreamPool(setup, pool, queue));

    /// <summary>Starts the warden, if there is any pool.</summary>
    /// <exception cref="PlatformNotSupportedException">On Windows.</exception>
    /// <exception cref="IOException">It could not be started.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (_pools.Count == 0)
        {
            return;
        }
        if (OperatingSystem.IsWindows())
        {
            throw new PlatformNotSupportedException(
                $"RunInOwnProcess (queue '{_pools.Keys.First()}') needs Linux or macOS: Windows has no process groups and signals to end processes by. Leave it out there: the handlers then run in this process.");
        }
        _warden = await Warden.StartAsync(options, time, cancellationToken);
    }

    /// <summary>Lets the processes go, ends those that do not, and the warden.</summary>
    public async Task StopAsync()
    {
        var bell = new Wakeup(time);
        foreach (var pool in _pools.Values)
        {
            pool.Stirred = bell.Ring;
            pool.Close();
        }
        var asked = time.GetTimestamp();
        while (!_pools.Values.All(static pool => pool.IsGone) && GoWithin - time.GetElapsedTime(asked) is { Ticks: > 0 } left)
        {
            await bell.WaitAsync(left, CancellationToken.None);
        }
        await DisposeAsync();
    }

    /// <inheritdoc />
    public IHostedProcess Start(ProcessSpec spec, IProcessOutput output) =>
        _warden?.Start(spec, output) ?? new UnstartedProcess(new ProcessExit { Reason = EndReason.NotStarted, Message = "Its host has not been started, or has stopped." });

    /// <inheritdoc />
    public IReadOnlyDictionary<int, long> MemoryOf(IReadOnlyCollection<int> pids) => ProcessMemory.Of(pids);

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _warden, null) is { } warden)
        {
            await warden.DisposeAsync();
        }
    }
}
