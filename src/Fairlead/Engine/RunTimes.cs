using System.Runtime.CompilerServices;

namespace Fairlead.Engine;

/// <summary>How long jobs run, by what runs them: as many may be claimed ahead as run within 20 ms. Safe from any thread.</summary>
internal sealed class RunTimes(NodeSettings settings)
{
    private static readonly TimeSpan Quick = TimeSpan.FromMilliseconds(20);
    private readonly ConditionalWeakTable<IWorker, RunTimeEstimate> _estimates = [];

    /// <summary>One more has ended. What never began says nothing about how long work takes.</summary>
    public void Add(RunningAttempt running)
    {
        if (running.HasBegun)
        {
            Of(running.Worker).Add(settings.Time.GetElapsedTime(running.StartedTimestamp));
        }
    }

    /// <summary>As many as so many slots together run in 20 ms; none while jobs are slow or nothing is known of them.</summary>
    public int Ahead(IWorker worker, int slots) => settings.Prefetch == 0 ? 0 : Of(worker).JobsWithin(Quick, slots, settings.Prefetch);

    /// <summary>As many as its processes run in 20 ms, where they take from a line.</summary>
    public int Ahead(IWorker worker) => worker is IPool { TakesTurns: true, ServesALine: true, Capacity: { } capacity } ? Ahead(worker, capacity) : 0;

    private RunTimeEstimate Of(IWorker worker) => _estimates.GetValue(worker, static _ => new RunTimeEstimate());
}
