using System.Text.RegularExpressions;
using Fairlead.Cli.Tests;
using Fairlead.PostgreSql;
using Microsoft.Extensions.DependencyInjection;

namespace Fairlead.Servers.Tests.PostgreSql.Operations;

/// <summary>What stands in docs/postgresql.md to be typed works as it stands there.</summary>
public sealed class PostgreSqlDocumentTests(SharedServer server) : IDisposable
{
    private readonly Workspace _here = new();

    public void Dispose() => _here.Dispose();

    [Fact]
    public async Task Its_commands_make_a_schema_and_its_SQL_runs_there()
    {
        var real = await server.ServerAsync();
        await real.CreateDatabaseAsync("documented");
        await real.ExecuteAsync("CREATE ROLE worker LOGIN", "documented");
        var commands = Blocks("sh").SelectMany(static block => block.Split('\n', StringSplitOptions.RemoveEmptyEntries)).ToList();
        commands.Count.ShouldBe(2);
        foreach (var command in commands)
        {
            var typed = command.Replace("fairlead ", "\"$FAIRLEAD_PROGRAM\" ", StringComparison.Ordinal)
                .Replace("psql ", $"psql -q -h 127.0.0.1 -p {real.Port} -U postgres -d documented ", StringComparison.Ordinal);
            (await _here.StartTool("sh", "-c", typed).EndAsync()).With(0);
        }
        var statements = Blocks("sql").ToList();
        statements.Count.ShouldBe(4);
        foreach (var statement in statements)
        {
            await Psql.RunAsync(real.Port, "documented", statement);
        }
        (await Psql.RunAsync(real.Port, "documented", statements[0])).ShouldBe("1");
        await using var store = new PostgreSqlJobStore($"postgres://worker@127.0.0.1:{real.Port}/documented?schema=jobs");
        await store.OpenAsync();
        (await store.EnqueueAsync([new() { Queue = "q", Kind = new("k") }]))[0].Id.ShouldBe(new JobId(1));
    }

    [Fact]
    public void Its_privileges_are_those_that_are_written()
    {
        Blocks("sql").ShouldContain(SchemaScript.Grants("jobs", "worker").Replace("\"", "", StringComparison.Ordinal));
    }

    [Fact]
    public void Its_addresses_are_addresses()
    {
        var addresses = Blocks("text").Single().Split('\n');
        addresses.Length.ShouldBe(5);
        var options = addresses.Select(PostgreSqlUrl.ToOptions).ToList();
        options.Select(static one => (one.Schema, one.Pooled, one.Listens)).ShouldBe(
            [("fairlead", false, true), ("jobs", false, true), ("fairlead", true, true), ("fairlead", true, false), ("fairlead", false, true)]);
        options.ShouldAllBe(static one => PostgreSqlUrl.Describe(one).StartsWith("postgres://", StringComparison.Ordinal) && !PostgreSqlUrl.Describe(one).Contains("secret", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Its_pooler_works()
    {
        var real = await server.ServerAsync();
        var (_, schema) = await server.NewSchemaAsync();
        await using var pooler = await PgBouncer.StartAsync(port => Blocks("ini").Single()
            .Replace("app = host=127.0.0.1 port=5432", $"* = host=127.0.0.1 port={real.Port}", StringComparison.Ordinal)
            .Replace("listen_port = 6432", $"listen_port = {port}", StringComparison.Ordinal)
            .Replace("scram-sha-256", "trust", StringComparison.Ordinal)
            .Replace("/etc/pgbouncer/", "", StringComparison.Ordinal));
        await using var store = new PostgreSqlJobStore($"postgres://postgres@127.0.0.1:{pooler.Port}/postgres?schema={schema}&direct=127.0.0.1:{real.Port}");
        await store.OpenAsync();
        (await store.EnqueueAsync([new() { Queue = "q", Kind = new("k") }]))[0].Id.ShouldBe(new JobId(1));
    }

    [Fact]
    public void Its_program_is_this_one()
    {
        // The compiler reads it here as it stands there.
        var builder = Microsoft.Extensions.Hosting.Host.CreateApplicationBuilder();
        builder.Services.AddFairlead(f => f
            .UsePostgreSql("postgres://app:secret@db.example/app?schema=fairlead")
            .AddJob("mail.send", (Mail mail) => $"sent to {mail.To}", queue: "mail")
            .RunWorkers());
        var typed = Regex.Match(File.ReadAllText(Here()), @"builder\.Services\.AddFairlead\(f => f.*?RunWorkers\(\)\);", RegexOptions.Singleline, TimeSpan.FromSeconds(1)).Value;
        Squeezed(Blocks("csharp").Single()).ShouldBe(Squeezed(typed));
    }

    private static string Squeezed(string code) => Regex.Replace(code, @"\s+", " ", RegexOptions.None, TimeSpan.FromSeconds(1)).Trim();

    private static IEnumerable<string> Blocks(string language) =>
        Regex.Matches(File.ReadAllText(Path.Combine(Root(), "docs", "postgresql.md")), $"^```{language}\n(?<block>.*?)\n```$", RegexOptions.Singleline | RegexOptions.Multiline | RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1))
            .Select(static match => match.Groups["block"].Value);

    private static string Here() => Path.Combine(Root(), "tests", "Fairlead.Servers.Tests", "PostgreSql", "Operations", "PostgreSqlDocumentTests.cs");

    private static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "Fairlead.slnx")))
        {
            folder = folder.Parent;
        }
        return folder.FullName;
    }

    private sealed record Mail(string To);
}
