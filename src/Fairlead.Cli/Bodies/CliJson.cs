using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Fairlead.Cli.Runs;

namespace Fairlead.Cli.Bodies;

/// <summary>Everything the program writes and keeps as JSON, with source-generated code: nothing is looked up at run time.</summary>
[JsonSerializable(typeof(JobBody))]
[JsonSerializable(typeof(JobPageBody))]
[JsonSerializable(typeof(StatusBody[]))]
[JsonSerializable(typeof(QueueBody[]))]
[JsonSerializable(typeof(LimitBody[]))]
[JsonSerializable(typeof(GroupBody[]))]
[JsonSerializable(typeof(BreakerBody[]))]
[JsonSerializable(typeof(LogLineBody))]
[JsonSerializable(typeof(LogPageBody))]
[JsonSerializable(typeof(RunBody))]
[JsonSerializable(typeof(EnqueuedBody))]
[JsonSerializable(typeof(CancelledBody[]))]
[JsonSerializable(typeof(RetriedBody[]))]
[JsonSerializable(typeof(CheckBody[]))]
[JsonSerializable(typeof(MeasureBody[]))]
[JsonSerializable(typeof(ExplanationBody))]
[JsonSerializable(typeof(RunPlan))]
internal sealed partial class CliJson : JsonSerializerContext
{
    /// <summary>Snake case, no nulls, and letters of any script as they are: it is read on terminals, not put into HTML.</summary>
    public static CliJson Wire { get; } = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
