using System.Text.Json.Serialization;
using Fairlead.AspNetCore.Bodies;
using Fairlead.Cli.Alerts;
using Fairlead.Cli.Runs;

namespace Fairlead.Cli.Bodies;

/// <summary>What only the program writes and keeps as JSON; the rest are the bodies of the REST API, in <see cref="WireJson" />.</summary>
[JsonSerializable(typeof(RunBody))]
[JsonSerializable(typeof(CheckBody[]))]
[JsonSerializable(typeof(MeasureBody[]))]
[JsonSerializable(typeof(RunPlan))]
[JsonSerializable(typeof(AlertBody))]
internal sealed partial class CliJson : JsonSerializerContext
{
    /// <summary>In the style of every other body.</summary>
    public static CliJson Wire { get; } = new(WireJson.Style);
}
