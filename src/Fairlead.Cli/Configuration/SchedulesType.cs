using System.Text.Json.Nodes;

namespace Fairlead.Cli.Configuration;

/// <summary>Schedules are known, and refused until they are run: work that silently never starts is worse than an error.</summary>
internal sealed class SchedulesType : ConfigurationType<bool>
{
    public override string Name => "schedules by name";

    public override string Expects => "nothing in this version";

    public override bool TryRead(ConfigurationNode node, Reading reading, out bool value)
    {
        value = false;
        if (node is not (ScalarNode { IsNull: true } or MappingNode { Entries.Count: 0 }))
        {
            reading.Errors.Add(node.Place, "schedules: this version does not run schedules yet. Leave them out, and let cron or a timer call fairlead enqueue.");
        }
        return value;
    }

    public override JsonObject Schema(JsonObject definitions) => new() { ["type"] = new JsonArray("object", "null") };
}
