using System.Text.Json.Serialization;
using Fairlead.Storage;

namespace Fairlead.AspNetCore.Bodies;

/// <summary>One node in <c>nodes --json</c>.</summary>
internal sealed record NodeBody
{
    public required long Id { get; init; }

    public required string Name { get; init; }

    /// <summary><c>alive</c>, or <c>gone</c>: it left, or was found dead, within the last hour.</summary>
    public required string State { get; init; }

    public required int Running { get; init; }

    public required int Slots { get; init; }

    public required DateTimeOffset JoinedAt { get; init; }

    public required DateTimeOffset HeartbeatAt { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public required DateTimeOffset? LeftAt { get; init; }

    /// <summary>The queues it can run jobs of.</summary>
    public required IReadOnlyList<string> Queues { get; init; }

    public static NodeBody Of(NodeInfo node) => new()
    {
        Id = node.Id.Value,
        Name = node.Name,
        State = node.LeftAt is null ? "alive" : "gone",
        Running = node.Running,
        Slots = node.Slots,
        JoinedAt = node.JoinedAt,
        HeartbeatAt = node.HeartbeatAt,
        LeftAt = node.LeftAt,
        Queues = [.. node.Serves.Where(static served => served.Value.Count > 0).Select(static served => served.Key).Order(StringComparer.Ordinal)],
    };
}
