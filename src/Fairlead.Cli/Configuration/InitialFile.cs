using System.Text;

namespace Fairlead.Cli.Configuration;

/// <summary>What <c>fairlead init</c> writes: a queue that runs as it is, and every key as a comment.</summary>
internal static class InitialFile
{
    private const string Beginning = """
        # What `fairlead serve` and `fairlead worker` run. Durations: 250ms 60s 5m 2h 7d. Rates: 8/s 90000/m 5000/day. Sizes: 64KiB 2GiB.
        # ${NAME} takes a variable, ${NAME:-default} one that may be missing, ${file:/run/secrets/x} a file's content.
        # Variables override: FAIRLEAD__QUEUES__HELLO__MAX_CONCURRENT=5. Relative paths count from this file's folder.
        # Editors complete and check keys with the schema: fairlead schema > fairlead.schema.json
        # yaml-language-server: $schema=./fairlead.schema.json

        store: sqlite:./fairlead.db

        queues:
          # Try it: fairlead serve, and beside it: fairlead enqueue hello '{"name":"Ann"}'
          hello:
            run: [cat]              # any program: the payload on standard input; the last line it writes, if it is JSON, is the result
            max_concurrent: 3       # 5 jobs: 3 processes at once, then 2
            timeout: 60s
            retries: 3


        """;

    public static string Write()
    {
        var text = new StringBuilder(Beginning.ReplaceLineEndings("\n"));
        text.Append("# Every key there is, with an example. NAME stands for a name of yours.\n#\n");
        WriteSection(text, ServerKeys.Section, 0);
        return text.ToString();
    }

    private static void WriteSection(StringBuilder text, ISectionType section, int depth)
    {
        foreach (var key in section.Rest is { } rest ? section.Keys.Append(rest) : section.Keys)
        {
            WriteKey(text, key, depth);
        }
    }

    private static void WriteKey(StringBuilder text, Key key, int depth)
    {
        switch (key.Type.Inner)
        {
            case ISectionType section:
                Line(text, depth, $"{key.Name}:", key.WithDefault);
                WriteSection(text, section, depth + 1);
                break;
            case IMapType { Of.Inner: ISectionType section }:
                Line(text, depth, $"{key.Name}:", key.WithDefault);
                Line(text, depth + 1, "NAME:", null);
                WriteSection(text, section, depth + 2);
                break;
            default:
                Line(text, depth, $"{key.Name}: {key.Example}", key.WithDefault);
                break;
        }
    }

    private static void Line(StringBuilder text, int depth, string key, string? doc)
    {
        const int column = 52;
        var line = $"# {new string(' ', depth * 2)}{key}";
        text.Append(doc is null ? line : $"{line.PadRight(column)} # {doc}").Append('\n');
    }
}
