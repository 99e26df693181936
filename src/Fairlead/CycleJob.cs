namespace Fairlead;

/// <summary>One job of a cycle's target that says something for itself; a payload alone says nothing.</summary>
/// <param name="Payload">Its payload, of a type that is registered with <c>AddJob</c>.</param>
/// <param name="Options">What it says; without a group, the target's key is its group.</param>
public sealed record CycleJob(object Payload, JobOptions Options);
