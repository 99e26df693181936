using System.Text.Json;
using Fairlead.Cli.Bodies;
using Fairlead.Engine;

namespace Fairlead.Cli.Alerts;

/// <summary>An alert as it is posted, or written to a program's standard input; the shape is fixed.</summary>
/// <param name="Kind">As in <c>alerts: { on: […] }</c>.</param>
/// <param name="Key">What it is about: a queue, <c>queue/group</c>, a node, a batch.</param>
/// <param name="Message">A sentence for people.</param>
/// <param name="At">When it was raised.</param>
/// <param name="Node">The name of the node that raised it.</param>
internal sealed record AlertBody(string Kind, string Key, string Message, DateTimeOffset At, string Node)
{
    /// <summary>The kind's name in files and bodies: <c>dead_node</c>.</summary>
    public static string NameOf(AlertKind kind) => JsonNamingPolicy.SnakeCaseLower.ConvertName(kind.ToString());

    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, CliJson.Wire.AlertBody);
}
