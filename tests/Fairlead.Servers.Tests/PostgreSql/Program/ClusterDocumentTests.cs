using Fairlead.Cli.Tests;
using Npgsql;

namespace Fairlead.Servers.Tests.PostgreSql.Program;

/// <summary>The file and the commands of docs/cluster.md, as they stand there.</summary>
public sealed class ClusterDocumentTests(SharedServer server) : IDisposable
{
    private readonly Workspace _here = new();

    public void Dispose() => _here.Dispose();

    [Fact]
    public async Task The_documents_cluster_runs_a_job()
    {
        var (connection, schema) = await server.NewSchemaAsync();
        var store = $"postgres://postgres@127.0.0.1:{new NpgsqlConnectionStringBuilder(connection).Port}/postgres?schema={schema}";
        await File.WriteAllTextAsync(_here.File("fairlead.yaml"), string.Join('\n', Block("yaml")), TestContext.Current.CancellationToken);
        _here.Script("fairlead", "#!/bin/sh\nexec \"$FAIRLEAD_PROGRAM\" \"$@\"\n");
        var commands = Block("console").Where(static line => line.StartsWith("$ ", StringComparison.Ordinal)).Select(static line => line[2..].Split(" #")[0].TrimEnd()).ToList();
        commands.Count.ShouldBeGreaterThan(5);

        foreach (var command in commands)
        {
            var running = _here.StartTool("sh", "-c", $"export DATABASE='{store}' PATH=\"$PWD:$PATH\"; exec {command.TrimEnd('&')}");
            if (!command.EndsWith('&'))
            {
                // The tests' server flushes nothing: what doctor says of that is right.
                (await running.EndAsync()).With(command.EndsWith("doctor", StringComparison.Ordinal) ? 2 : 0);
            }
        }

        await Workspace.UntilAsync(
            async () => (await _here.RunAsync("jobs", "--status", "completed", "--store", store)).Output.Contains("fetch", StringComparison.Ordinal), "the job has completed");
        (await _here.RunAsync("nodes", "--store", store)).With(0).Output.ShouldContain("two\talive");
    }

    private static IEnumerable<string> Block(string language) =>
        File.ReadLines(Document()).SkipWhile(line => line != "```" + language).Skip(1).TakeWhile(static line => line != "```");

    private static string Document()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "Fairlead.slnx")))
        {
            folder = folder.Parent;
        }
        return Path.Combine(folder.FullName, "docs", "cluster.md");
    }
}
