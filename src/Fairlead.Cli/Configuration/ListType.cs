using System.Text.Json.Nodes;

namespace Fairlead.Cli.Configuration;

/// <summary>A list of one or more.</summary>
/// <param name="name">For documents.</param>
/// <param name="expects">For messages.</param>
/// <param name="of">What it lists.</param>
internal sealed class ListType<T>(string name, string expects, ConfigurationType<T> of) : ConfigurationType<IReadOnlyList<T>>
{
    public override string Name => name;

    public override string Expects => expects;

    public override bool IsSecret => of.IsSecret;

    public override bool IsList => true;

    public override bool TryRead(ConfigurationNode node, Reading reading, out IReadOnlyList<T> value)
    {
        var items = new List<T>();
        value = items;
        if (node is not ListNode list)
        {
            Refuse(node, reading);
            return false;
        }
        if (list.Items.Count == 0)
        {
            reading.Errors.Add(node.Place, $"{node.Path} expects {expects}; got an empty list.");
            return false;
        }
        foreach (var item in list.Items)
        {
            if (of.TryRead(item, reading, out var one))
            {
                items.Add(one);
            }
        }
        return true;
    }

    public override JsonObject Schema(JsonObject definitions) => new() { ["type"] = "array", ["minItems"] = 1, ["items"] = of.Schema(definitions) };
}
