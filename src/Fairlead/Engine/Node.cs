using Fairlead.Schedules;
using Fairlead.Storage;
using Microsoft.Extensions.Logging;

namespace Fairlead.Engine;

/// <summary>
/// One running engine on one store: a visible list of loops, put together here, started and stopped together.
/// The host, <c>fairlead run</c> and the simulation all run this.
/// </summary>
internal sealed class Node : IAsyncDisposable
{
    private readonly NodeSettings _settings;
    private readonly IJobStore _store;
    private readonly StoreClock _clock;
    private readonly ServedWork _served;
    private readonly AttemptsInHand _inHand = new();
    private readonly Membership _membership;
    private readonly CompletionPump _completions;
    private readonly LogPump _logs;
    private readonly SlotRunner _slots;
    private readonly OwnWorkerRunner _ownWorkers;
    private readonly Dispatcher _dispatcher;
    private readonly ScheduleTicker _ticker;
    private readonly Loop[] _loops;
    private readonly LoopThread? _ownThread;
    private readonly TaskScheduler _scheduler;
    private readonly Wakeup _emptied;
    private readonly CancellationTokenSource _stop = new();
    private Task[] _running = [];
    private IDisposable? _listening;

    public Node(IJobStore store, NodeSettings settings, ILoggerFactory loggers)
    {
        var logger = loggers.CreateLogger("Fairlead");
        _settings = settings;
        _store = store;
        var standing = settings.Standing ?? new NodeStanding(settings.Time);
        _clock = standing.Clock;
        _emptied = new Wakeup(settings.Time);
        _served = new ServedWork(settings);
        _membership = new Membership(settings, _served, store, standing, _inHand, logger);
        _logs = new LogPump(settings, store, _clock, _inHand, logger);
        _completions = new CompletionPump(settings, _inHand, _logs, logger) { Store = store };
        var watch = new AttemptWatch(settings, _inHand, logger);
        var runTimes = new RunTimes(settings);
        _slots = new SlotRunner(settings, _served, runTimes);
        _ownWorkers = new OwnWorkerRunner(settings, runTimes);
        _dispatcher = new Dispatcher(settings, _served, store, _membership, _clock, _inHand, runTimes, _slots, _ownWorkers, _logs, logger);
        var (keeper, reporter) = (new PoolKeeper(settings, _served, logger), new PoolReporter(settings, store, _membership, _served, logger));
        Connect(watch, new AttemptRunner(settings, _clock, watch, _completions));
        Connect(keeper, reporter);
        var herald = new RoundHerald(settings.Time, store, _clock, logger);
        _ticker = new ScheduleTicker(settings.Time, store, _clock, _served, herald, logger);
        _loops =
        [
            _membership,
            _dispatcher,
            watch,
            _completions,
            _logs,
            keeper,
            reporter,
            new StarvationWatch(settings, _served, _dispatcher, _inHand, _clock, logger),
            new LeaseRescuer(settings.Time, store, settings.Alerts, logger),
            _ticker,
            herald,
            new DeadlineExpirer(settings.Time, store, logger),
            new HistoryPruner(settings.Time, store, settings.Retention, logger),
            .. settings.Alerts is { } alerts ? AlertLoops(settings.Time, store, _clock, alerts, logger) : [],
        ];
        _ownThread = settings.Loops is null ? new LoopThread("Fairlead loops") : null;
        _scheduler = settings.Loops ?? _ownThread!;
    }

    /// <summary>The id under which it claims; null before it has joined.</summary>
    public NodeId? Id => _membership.Node;

    /// <summary>How many jobs it holds.</summary>
    public int InHand => _inHand.Count;

    /// <summary>Whether it knows of an attempt that is counted as its own.</summary>
    public bool Holds(AttemptKey attempt) => _inHand.Find(attempt) is not null;

    /// <summary>Opens the store, joins, and starts every loop.</summary>
    public Task StartAsync(CancellationToken cancellationToken) => OnLoopsAsync(async () =>
    {
        await _store.OpenAsync(cancellationToken);
        await _membership.JoinAsync(cancellationToken);
        _listening = _store.Listen(OnSignal);
        _running = Array.ConvertAll(_loops, loop => OnLoopsAsync(() => loop.RunAsync(_stop.Token)));
    });

    /// <summary>
    /// Serves something else from now on, all of it or nothing: other queues, policies, limits, workers, slots. What runs goes on to its end under
    /// what it was started with. Pools that are no longer there are closed.
    /// </summary>
    /// <exception cref="StoreMismatchException">Another live node holds another definition; nothing was changed.</exception>
    public Task ServeAsync(NodeSettings settings, CancellationToken cancellationToken) => OnLoopsAsync(async () =>
    {
        if (Id is { } node)
        {
            await _store.DeclareAsync(node, ServedWork.RegistrationOf(settings), cancellationToken);
        }
        _served.Replace(settings);
    });

    /// <summary>
    /// Stops in good order: takes no more work, waits for what runs until <paramref name="drained" /> is cancelled, then asks it to stop
    /// and hands it back. Whatever ignores that is handed back all the same; its result will be refused.
    /// </summary>
    public Task StopAsync(CancellationToken drained) => OnLoopsAsync(async () =>
    {
        _dispatcher.StopClaiming();
        while (_inHand.Count > 0 && !drained.IsCancellationRequested)
        {
            await _emptied.WaitAsync(Timeout.InfiniteTimeSpan, drained);
        }
        await HandBackAsync();
        _stop.Cancel();
        await Task.WhenAll(_running);
        _listening?.Dispose();
        await LeaveAsync();
    });

    /// <summary>Ends at once without telling the store, as a crash would; for the simulation.</summary>
    public void Crash()
    {
        _listening?.Dispose();
        _stop.Cancel();
    }

    public ValueTask DisposeAsync()
    {
        _ownThread?.Dispose();
        _stop.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>What is looked for only because somebody wants to be told.</summary>
    private static Loop[] AlertLoops(TimeProvider time, IJobStore store, StoreClock clock, IAlerts alerts, ILogger logger) =>
        [new BreakerWatch(time, store, alerts, logger), new BatchWatch(time, store, clock, alerts, logger)];

    private void Connect(AttemptWatch watch, AttemptRunner runner)
    {
        _membership.Joined = _dispatcher.WorkMayBeReady;
        _slots.Runner = runner.RunAsync;
        _ownWorkers.Runner = runner.RunAsync;
        _ownWorkers.Freed = _dispatcher.Grown;
        _dispatcher.TakenBack = (running, reason) =>
            _completions.Add(running, JobTransition.HandedBack(new AttemptTimes(running.Key, _clock.Now, _clock.Now), reason));
        watch.Abandon = running =>
        {
            var times = running.TimesAtEnd(_settings.Time);
            _completions.Add(running, AttemptOutcomeRules.TimedOut(running.Attempt, times, _completions.Chance(), abandoned: true));
            _slots.Replace();
        };
        _completions.UnderWay = _dispatcher.EndsUnderWay;
        _completions.Committed = () =>
        {
            _dispatcher.SlotsFreed();
            _emptied.Ring();
        };
    }

    private void Connect(PoolKeeper keeper, PoolReporter reporter)
    {
        _membership.EndWorkers = reporter.End;
        _served.Changed = () =>
        {
            foreach (var pool in _served.Pools)
            {
                pool.Grown = _dispatcher.Grown;
                pool.Stirred = () =>
                {
                    keeper.LookSoon();
                    reporter.TellSoon();
                };
            }
            _dispatcher.ServedChanged();
            _ticker?.LookSoon();
            keeper.LookSoon();
            reporter.TellSoon();
        };
        _served.Changed();
    }

    private void OnSignal(StoreSignals signals)
    {
        if (signals.HasFlag(StoreSignals.Work) || signals.HasFlag(StoreSignals.Control))
        {
            _dispatcher.WorkMayBeReady();
        }
        if (signals.HasFlag(StoreSignals.Control))
        {
            _membership.LookNow();
        }
        _ticker.Hear(signals);
    }

    private async Task HandBackAsync()
    {
        foreach (var running in _inHand.Snapshot())
        {
            running.Stop(StopReason.NodeStops);
        }
        // Processes are ended after their queue's kill_after; handlers that do not listen within a second are left to the lease.
        var grace = TimeSpan.FromSeconds(1) + _inHand.Snapshot().Where(static running => running.Worker.EndsWork).Select(static running => running.Attempt.Queue.KillAfter).Append(TimeSpan.Zero).Max();
        var asked = _settings.Time.GetTimestamp();
        while (_inHand.Count > 0 && grace - _settings.Time.GetElapsedTime(asked) is { Ticks: > 0 } left)
        {
            await _emptied.WaitAsync(left, CancellationToken.None);
        }
    }

    private async Task LeaveAsync()
    {
        try
        {
            await _completions.DeliverAsync(CancellationToken.None);
            await _logs.FlushAsync(CancellationToken.None);
            await _membership.LeaveAsync(CancellationToken.None);
        }
        catch (StoreUnavailableException)
        {
            // The store is away: others will find this node silent, which is what a lease is for.
        }
    }

    private Task OnLoopsAsync(Func<Task> step) =>
        Task.Factory.StartNew(step, CancellationToken.None, TaskCreationOptions.DenyChildAttach, _scheduler).Unwrap();
}
