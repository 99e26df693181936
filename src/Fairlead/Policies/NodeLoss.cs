using Fairlead.Storage;

namespace Fairlead.Policies;

/// <summary>
/// What becomes of a job whose node died. Losing a node costs the job no attempt, but a job that kills its nodes must not go round for
/// ever: after two it runs alone, so that a third death can be put down to it and to nothing beside it.
/// </summary>
public static class NodeLoss
{
    /// <summary>A job that has lost this many nodes runs alone on a node.</summary>
    public const int SoloAfter = 2;

    /// <summary>A job that has lost this many is poison.</summary>
    public const int PoisonAfter = 3;

    /// <summary>Whether a job that has lost <paramref name="nodesLost" /> nodes must run alone.</summary>
    public static bool IsSolo(int nodesLost) => nodesLost >= SoloAfter;

    /// <summary>Where a job goes whose node died just now.</summary>
    /// <param name="nodesLost">The nodes it has lost, this one included.</param>
    /// <param name="cancelRequested">Whether somebody asked to cancel it while it ran.</param>
    public static Settlement Settle(int nodesLost, bool cancelRequested) => (nodesLost, cancelRequested) switch
    {
        ( >= PoisonAfter, _) => new(JobStatus.Failed, null, default, $"Poison: {nodesLost} nodes died while they ran it, the last one with nothing beside it."),
        (_, true) => new(JobStatus.Cancelled, null, default, "Cancelled while it ran; its node died."),
        _ => new(JobStatus.Queued, null, default, "Its node died."),
    };
}
