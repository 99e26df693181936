using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Fairlead.AspNetCore.Problems;

namespace Fairlead.AspNetCore.Bodies;

/// <summary>Every body of the REST API, which is also what commands write with <c>--json</c>. Source-generated: nothing is looked up at run time.</summary>
[JsonSerializable(typeof(JobBody))]
[JsonSerializable(typeof(JobPageBody))]
[JsonSerializable(typeof(StatusBody[]))]
[JsonSerializable(typeof(QueueBody[]))]
[JsonSerializable(typeof(NodePoolBody[]))]
[JsonSerializable(typeof(NodeBody[]))]
[JsonSerializable(typeof(WorkerBody[]))]
[JsonSerializable(typeof(LimitBody[]))]
[JsonSerializable(typeof(GroupBody[]))]
[JsonSerializable(typeof(BreakerBody[]))]
[JsonSerializable(typeof(LogLineBody))]
[JsonSerializable(typeof(LogPageBody))]
[JsonSerializable(typeof(EnqueuedBody))]
[JsonSerializable(typeof(CancelledBody[]))]
[JsonSerializable(typeof(RetriedBody[]))]
[JsonSerializable(typeof(ExplanationBody))]
[JsonSerializable(typeof(WorkerBody[]))]
[JsonSerializable(typeof(ScheduleBody[]))]
[JsonSerializable(typeof(TriggeredBody))]
[JsonSerializable(typeof(CycleBody[]))]
[JsonSerializable(typeof(EndingBody))]
[JsonSerializable(typeof(StatsBody))]
[JsonSerializable(typeof(HealthBody))]
[JsonSerializable(typeof(ProblemBody))]
internal sealed partial class WireJson : JsonSerializerContext
{
    /// <summary>Snake case, no nulls, and letters of any script as they are: it is read on terminals, not put into HTML.</summary>
    public static JsonSerializerOptions Style => new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>The bodies in <see cref="Style" />.</summary>
    public static WireJson Wire { get; } = new(Style);
}
