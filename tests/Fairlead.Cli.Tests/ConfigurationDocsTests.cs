using System.Text.Json;
using System.Text.Json.Nodes;
using Fairlead.Cli.Configuration;
using Json.Schema;
using YamlDotNet.RepresentationModel;

namespace Fairlead.Cli.Tests;

/// <summary>What is made of the definition of the keys: the reference, the schema, the file of <c>init</c>.</summary>
public sealed class ConfigurationDocsTests
{
    private static readonly JsonSchema Schema = JsonSchema.FromText(ConfigurationSchema.Write());

    [Fact]
    public void The_reference_has_the_tables_of_the_definition()
    {
        const string end = "-->\n";
        var path = Path.Combine(Root(), "docs", "fairlead-yaml.md");
        var document = File.ReadAllText(path);
        var written = document[..(document.IndexOf(end, StringComparison.Ordinal) + end.Length)] + "\n" + ConfigurationReference.Write().TrimEnd() + "\n";
        if (Environment.GetEnvironmentVariable("FAIRLEAD_ACCEPT_DOCS") == "1")
        {
            File.WriteAllText(path, written);
        }
        File.ReadAllText(path).ShouldBe(written, "The keys have changed. If that is meant, run the tests once with FAIRLEAD_ACCEPT_DOCS=1 and review the diff of docs/fairlead-yaml.md.");
    }

    [Fact]
    public void Every_configuration_in_the_documents_is_sound()
    {
        var documents = Directory.EnumerateFiles(Path.Combine(Root(), "docs"), "*.md").Append(Path.Combine(Root(), "README.md"));
        var blocks = documents.SelectMany(path => File.ReadAllText(path).Split("```yaml\n").Skip(1).Select(block => (Path.GetFileName(path), Yaml: block.Split("```")[0]))).ToList();

        blocks.Count.ShouldBeGreaterThan(1);
        foreach (var (document, yaml) in blocks)
        {
            Should.NotThrow(() => ConfigurationFile.Read("/etc/fairlead/fairlead.yaml", new Dictionary<string, string>(), file => file.EndsWith(".yaml", StringComparison.Ordinal) ? yaml : "text"), document);
        }
    }

    [Fact]
    public void The_first_file_is_read_and_runs_one_queue()
    {
        var all = ConfigurationFile.Read("/etc/fairlead/fairlead.yaml", new Dictionary<string, string>(), _ => InitialFile.Write());

        all.Store.ShouldBe("sqlite:/etc/fairlead/fairlead.db");
        all.Queues.Single().Pool!.Run.ShouldBe(["cat"]);
    }

    [Fact]
    public void The_first_file_names_every_key()
    {
        var lines = InitialFile.Write().Split('\n');
        foreach (var (path, section) in ServerKeys.Sections)
        {
            section.Keys.ShouldAllBe(key => lines.Any(line => line.StartsWith('#') && line.Contains($" {key.Name}:", StringComparison.Ordinal)), path);
        }
    }

    [Fact]
    public void Every_example_is_a_value_of_its_key_and_every_key_is_explained()
    {
        foreach (var key in ServerKeys.Sections.SelectMany(section => section.Section.Keys.Concat(section.Section.Rest is { } rest ? [rest] : [])))
        {
            Rightly(key, key.Example).ShouldBeEmpty($"{key.Name}: {key.Example}");
            key.Doc.ShouldEndWith(".");
        }
    }

    [Theory]
    [InlineData("store", "sqlite:./fairlead.db")]
    [InlineData("url", "http://127.0.0.1:5080")]
    [InlineData("shape", "smooth")]
    [InlineData("protocol", "job")]
    [InlineData("prefetch", "1")]
    [InlineData("kill_after", "5s")]
    [InlineData("max_payload", "1MiB")]
    [InlineData("margin", "0%")]
    public void Defaults_that_are_told_are_values(string name, string standard)
    {
        var key = ServerKeys.Sections.SelectMany(section => section.Section.Keys).First(key => key.Name == name);

        key.Default.ShouldBe(standard);
        Rightly(key, standard).ShouldBeEmpty();
    }

    [Fact]
    public void Defaults_that_are_told_hold()
    {
        var queue = ConfigurationScene.Queue("run: [cat]");

        (queue.Definition.Deadline, queue.Definition.KillAfter, queue.Definition.Retries, queue.Definition.MaxPayload, queue.Definition.BackoffFirst, queue.Definition.BackoffMax)
            .ShouldBe((TimeSpan.FromDays(7), TimeSpan.FromSeconds(5), 3, 1 << 20, TimeSpan.FromSeconds(2), TimeSpan.FromMinutes(5)));
        (queue.Pool!.Prefetch, queue.Pool.IdleTimeout, queue.Pool.Spares, queue.Pool.Cooldown).ShouldBe((1, TimeSpan.FromSeconds(60), 0, TimeSpan.Zero));
    }

    [Fact]
    public void The_schema_is_one_of_draft_2020_12()
    {
        JsonDocument.Parse(ConfigurationSchema.Write()).RootElement.GetProperty("$schema").GetString().ShouldBe("https://json-schema.org/draft/2020-12/schema");
        MetaSchemas.Draft202012.Evaluate(JsonDocument.Parse(ConfigurationSchema.Write()).RootElement).IsValid.ShouldBeTrue();
    }

    [Fact]
    public void The_schema_accepts_the_first_file() => Accepts(InitialFile.Write()).ShouldBeTrue();

    [Fact]
    public void The_schema_and_the_reader_accept_the_example_of_everything()
    {
        Accepts(ConfigurationScene.Everything + ConfigurationScene.Schedules).ShouldBeTrue();
        ConfigurationScene.Read(ConfigurationScene.Everything + ConfigurationScene.Schedules, ("TOKEN", "abcdef")).Schedules.Count.ShouldBe(4);
    }

    [Theory]
    [InlineData("stores: memory")]
    [InlineData("store: mysql://x")]
    [InlineData("http: { url: 5 }")]
    [InlineData("limits: { a: { rate: often } }")]
    [InlineData("limits: { a: { rate: 8/s, brust: 3 } }")]
    [InlineData("queues: { a: { run: cat } }")]
    [InlineData("queues: { a: { run: [] } }")]
    [InlineData("queues: { a: { retries: -1 } }")]
    [InlineData("queues: { a: { retries: 1.5 } }")]
    [InlineData("queues: { a: { timeout: 60 } }")]
    [InlineData("queues: { a: { timeout: { default: 60s } } }")]
    [InlineData("queues: { a: { protocol: streem } }")]
    [InlineData("queues: { a: { group: account } }")]
    [InlineData("queues: { a: { limits: [{ x: tokens }] } }")]
    [InlineData("queues: { a: { weights: { big: 0 } } }")]
    public void What_the_schema_refuses_the_reader_refuses(string yaml)
    {
        Accepts(yaml).ShouldBeFalse();
        ConfigurationScene.Errors(yaml).ShouldNotBeEmpty();
    }

    [Theory]
    [InlineData("queues: { a: { retries: \"${N:-3}\" } }")]
    [InlineData("queues: { a: { timeout: \"${T:-60s}\" } }")]
    [InlineData("queues: { a: { run: [cat], env: { PORT: 80, DEBUG: true } } }")]
    [InlineData("queues: { a: }")]
    [InlineData("limits:")]
    public void What_the_reader_accepts_the_schema_accepts(string yaml)
    {
        ConfigurationScene.Errors(yaml).ShouldBeEmpty();
        Accepts(yaml).ShouldBeTrue();
    }

    private static List<string> Rightly(Key key, string example)
    {
        var errors = new ConfigurationErrors();
        var reading = new Reading("fairlead.yaml", _ => null, _ => "");
        var node = YamlNodes.OfFile("fairlead.yaml", $"value: {example}", errors).Find("value")!;
        // Sections are read by their own keys' examples; what they name is declared elsewhere.
        if (key.Type.Inner is not (ISectionType or IMapType { Of.Inner: ISectionType }))
        {
            key.Try(node, reading);
        }
        try
        {
            errors.ThrowIfAny("fairlead.yaml");
            reading.Errors.ThrowIfAny("fairlead.yaml");
            return [];
        }
        catch (ConfigurationException wrong)
        {
            return [.. wrong.Errors];
        }
    }

    private static bool Accepts(string yaml)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(yaml));
        var json = Json(stream.Documents[0].RootNode) ?? JsonValue.Create((string?)null);
        return Schema.Evaluate(JsonSerializer.SerializeToElement(json)).IsValid;
    }

    private static JsonNode? Json(YamlNode node) => node switch
    {
        YamlMappingNode mapping => new JsonObject(mapping.Children.Select(pair => KeyValuePair.Create(((YamlScalarNode)pair.Key).Value!, Json(pair.Value)))),
        YamlSequenceNode list => new JsonArray([.. list.Children.Select(Json)]),
        YamlScalarNode { Style: YamlDotNet.Core.ScalarStyle.Plain } plain => Plain(plain.Value!),
        YamlScalarNode scalar => scalar.Value,
        _ => null,
    };

    private static JsonNode? Plain(string text) => text switch
    {
        "" or "~" or "null" => null,
        "true" or "false" => text == "true",
        _ when long.TryParse(text, out var whole) => whole,
        _ when double.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out var number) => number,
        _ => text,
    };

    private static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Fairlead.slnx")))
        {
            folder = folder.Parent!;
        }
        return folder.FullName;
    }
}
