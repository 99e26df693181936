using System.Text;
using System.Text.Json.Nodes;

namespace Fairlead.Cli.Serving;

/// <summary>What one of a target's jobs is given: the target, laid over the schedule's payload.</summary>
internal static class TargetPayload
{
    /// <summary>
    /// The target as it is where there is no payload; the members of both, the target's own winning, where it has members; else the
    /// payload with the target as its member <c>target</c>.
    /// </summary>
    /// <param name="payload">The schedule's payload, a JSON object; empty or null for none.</param>
    /// <param name="target">The target, JSON.</param>
    public static ReadOnlyMemory<byte> Of(ReadOnlyMemory<byte> payload, ReadOnlyMemory<byte> target)
    {
        if (payload.IsEmpty || JsonNode.Parse(payload.Span) is not JsonObject whole)
        {
            return target;
        }
        var own = JsonNode.Parse(target.Span);
        if (own is not JsonObject members)
        {
            whole["target"] = own;
            return Encoding.UTF8.GetBytes(whole.ToJsonString());
        }
        foreach (var (name, value) in members)
        {
            whole[name] = value?.DeepClone();
        }
        return Encoding.UTF8.GetBytes(whole.ToJsonString());
    }
}
