namespace Fairlead.Engine;

/// <summary>Where a host's loops and handlers run, when it is not on threads of their own: virtual time puts its one-thread scheduler here.</summary>
/// <param name="Loops">The loops.</param>
/// <param name="Work">The handlers.</param>
internal sealed record EngineSchedulers(TaskScheduler Loops, TaskScheduler Work);
