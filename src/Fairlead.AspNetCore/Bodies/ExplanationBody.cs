using Fairlead.Diagnostics;

namespace Fairlead.AspNetCore.Bodies;

/// <summary>An explanation in JSON; the shape is fixed.</summary>
internal sealed record ExplanationBody(
    double WallSeconds, double JobSeconds, double BoundSeconds, string Binding, int Slots, double EffectiveSlots,
    IReadOnlyList<CauseBody> Causes, IReadOnlyList<HolderBody> Holders, IReadOnlyList<AdviceBody> Advice)
{
    public static ExplanationBody Of(Explanation it) => new(
        it.WallSeconds, it.JobSeconds, it.BoundSeconds, it.Binding, it.Slots, it.EffectiveSlots,
        [.. it.Causes.Select(cause => new CauseBody(cause.Cause.ToWire(), cause.Key, cause.WallSeconds, cause.WallShare, cause.JobSeconds, cause.JobShare))],
        [.. it.Holders.Select(holder => new HolderBody(holder.Job.Value, holder.Group, holder.Seconds))],
        [.. it.Advice.Select(advice => new AdviceBody(advice.Change, advice.SavesSeconds))]);
}

/// <summary>One cause's share.</summary>
internal sealed record CauseBody(string Cause, string Key, double WallSeconds, double WallShare, double JobSeconds, double JobShare);

/// <summary>An attempt that held a slot for unusually long.</summary>
internal sealed record HolderBody(long Job, string Group, double Seconds);

/// <summary>A change and what it would have saved.</summary>
internal sealed record AdviceBody(string Change, double SavesSeconds);
