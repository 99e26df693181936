using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Fairlead.Processes.OwnProcess;

/// <summary>
/// What this process is when its host started it to run one queue's handlers: it lets the program's <c>Main</c> build its host, and takes over
/// before anything of that host starts.
/// </summary>
internal sealed class ChildProcess
{
    /// <summary>The exit code of a program that did not build what was expected (<c>EX_CONFIG</c> of sysexits).</summary>
    public const int NotTakenOverCode = 78;

    private static readonly TimeSpan EndWithin = TimeSpan.FromSeconds(5);
    private readonly string _queue;
    private readonly StandardStreams _streams;
    private int _taken;

    private ChildProcess(string queue)
    {
        _queue = queue;
        _streams = StandardStreams.Take();
        OwnProcessCommand.Forget();
        AppDomain.CurrentDomain.UnhandledException += (_, thrown) => OnUnhandled(thrown.ExceptionObject);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => OnExit();
        HostWatch.Begin(services => TakeOver(services, isLast: false));
    }

    /// <summary>What this process is as a child; null when nobody started it as one.</summary>
    public static ChildProcess? Current { get; } = Environment.GetEnvironmentVariable(OwnProcessCommand.Variable) is { Length: > 0 } queue ? new(queue) : null;

    /// <summary>Runs the queue's handlers in place of the program and ends the process; returns only when these services have no such queue.</summary>
    /// <param name="services">A built host's.</param>
    /// <param name="isLast">True where a node is about to start: then there must be such a queue.</param>
    public void TakeOver(IServiceProvider services, bool isLast)
    {
        var host = Find(services);
        if (host is null || !host.Queues.Contains(_queue, StringComparer.Ordinal))
        {
            if (isLast)
            {
                Refuse($"the queues with RunInOwnProcess here are: {(host?.Queues.Any() == true ? string.Join(", ", host.Queues.Order(StringComparer.Ordinal)) : "none")}.");
            }
            return;
        }
        if (Interlocked.Exchange(ref _taken, 1) == 1)
        {
            return;
        }
        LeaveThreadsForHandlers();
#pragma warning disable VSTHRD002 // Main must not go on
        RunAsync(host, services).GetAwaiter().GetResult();
#pragma warning restore VSTHRD002
        Environment.Exit(0);
    }

    private async Task RunAsync(ChildHost host, IServiceProvider services)
    {
        await host.RunAsync(_streams);
        if (services is IAsyncDisposable disposable)
        {
            try
            {
                // Loggers, exporters and sums of limits deliver what they hold.
                await disposable.DisposeAsync().AsTask().WaitAsync(EndWithin, TimeProvider.System);
            }
            catch (TimeoutException)
            {
                Console.Error.WriteLine($"fairlead: the services of this process of queue '{_queue}' did not end within {EndWithin.TotalSeconds:0} s and are left.");
            }
        }
    }

    private ChildHost? Find(IServiceProvider services)
    {
        try
        {
            return services.GetService<ChildHost>();
        }
        catch (OptionsValidationException error)
        {
            Refuse(error.Message);
            throw;
        }
    }

    /// <summary>A <c>Main</c> that awaited something before it built its host runs on a thread of the pool, which is lost to handlers now.</summary>
    private static void LeaveThreadsForHandlers()
    {
        if (Thread.CurrentThread.IsThreadPoolThread)
        {
            ThreadPool.GetMinThreads(out var workers, out var ports);
            ThreadPool.SetMinThreads(workers + 1, ports);
        }
    }

    private void OnUnhandled(object error)
    {
        if (Volatile.Read(ref _taken) == 0)
        {
            Console.Error.WriteLine(error);
            Refuse($"Main threw {error.GetType()}{(error is Exception { Message: { } message } ? $": {message}" : "")}");
        }
    }

    private void OnExit()
    {
        if (Volatile.Read(ref _taken) == 0)
        {
            Refuse("Main ended.");
        }
    }

    private void Refuse(string what)
    {
        // One line, the cause first: it is what operators are shown.
        Console.Error.WriteLine(
            $"fairlead: process of queue '{_queue}' (RunInOwnProcess): {what.ReplaceLineEndings(" ")} Expected: Main builds a host, or starts a FairleadHost, with AddFairlead(…), RunWorkers() and this queue in it, as it did in the process that started this one.");
        Libc.ExitNow(NotTakenOverCode);
    }
}
