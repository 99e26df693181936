using System.Text.Json;
using Fairlead.Bench;
using Fairlead.Cli.Tests;
using Fairlead.PostgreSql;
using Npgsql;

namespace Fairlead.Servers.Tests.PostgreSql.Program;

/// <summary>The program on a server: as on a file, from several processes.</summary>
public sealed class ProgramTests(SharedServer server) : IDisposable
{
    private const string Password = "hunter2-hunter2";
    private readonly Workspace _here = new();

    public void Dispose() => _here.Dispose();

    [Fact]
    public async Task A_run_a_worker_and_every_command_that_looks_work_on_one_server()
    {
        var store = await StoreAsync();
        _here.Lines("items", Enumerable.Range(0, 40).Select(static n => $"line {n}"));
        _here.Script("worker.sh", "#!/bin/sh\nread payload\necho \"{\\\"seen\\\": $payload}\"\n");
        await File.WriteAllTextAsync(_here.File("fairlead.yaml"), $"store: \"{store}\"\nqueues: {{ hello: {{ run: [./worker.sh], max_concurrent: 2 }} }}\n", TestContext.Current.CancellationToken);

        (await _here.RunAsync("run", "--name", "count", "--input", "items", "--concurrency", "4", "--json", "--", "test", "-n")).With(0).Json().GetProperty("success_count").GetInt64().ShouldBe(40);
        (await _here.RunAsync("enqueue", "hello", "1", "--store", store)).With(0);
        var first = _here.Start("worker", "--name", "first");
        var second = _here.Start("worker", "--name", "second");
        await Workspace.UntilAsync(async () => (await NodesAsync()).Count == 2, "two nodes are there");
        await Workspace.UntilAsync(async () => (await JobsAsync("completed")).Contains("hello", StringComparison.Ordinal), "the job of the queue has completed");

        (await _here.RunAsync("results", "count", "--json")).With(0).Json().GetProperty("jobs").GetArrayLength().ShouldBe(40);
        (await _here.RunAsync("explain", "count")).With(0);
        (await _here.RunAsync("status")).With(0).Output.ShouldContain("hello: ");
        (await _here.RunAsync("nodes")).With(0).Output.ShouldContain("second\talive\t0/");
        (await _here.RunAsync("top")).With(0).Output.ShouldContain("first\talive");
        (await _here.RunAsync("queues")).With(0).Output.ShouldContain("hello");
        (await _here.RunAsync("doctor")).Output.ShouldContain("PostgreSQL ");
        first.Signal("TERM");
        second.Signal("TERM");
        (await first.EndAsync()).With(0).Errors.ShouldNotContain(Password);
        (await second.EndAsync()).With(0);
    }

    [Fact]
    public async Task A_killed_worker_s_job_runs_on_another_node()
    {
        var store = await StoreAsync();
        _here.Script("worker.sh", "#!/bin/sh\necho $FAIRLEAD_JOB_ID >> started\nwhile [ ! -e go ]; do sleep 0.05; done\n");
        await File.WriteAllTextAsync(_here.File("fairlead.yaml"), $"store: \"{store}\"\nqueues: {{ slow: {{ run: [./worker.sh], max_concurrent: 1, retries: 0 }} }}\n", TestContext.Current.CancellationToken);
        (await _here.RunAsync("enqueue", "slow", "1")).With(0);
        var victim = _here.Start("worker", "--name", "victim");
        await Workspace.UntilAsync(() => _here.CountLines("started") == 1, "the job runs");
        _here.Start("worker", "--name", "heir");
        await Workspace.UntilAsync(async () => (await NodesAsync()).Count == 2, "the other node is there");

        victim.Signal("KILL");

        await Workspace.UntilAsync(() => _here.CountLines("started") == 2, "the job runs on the other node");
        await File.WriteAllTextAsync(_here.File("go"), "", TestContext.Current.CancellationToken);
        await Workspace.UntilAsync(async () => (await JobsAsync("completed")).Contains("slow", StringComparison.Ordinal), "it has completed, at the cost of no attempt");
        (await _here.RunAsync("nodes")).With(0).Output.ShouldContain("victim\tgone");
    }

    [Theory]
    [InlineData("status")]
    [InlineData("jobs")]
    [InlineData("enqueue hello 1")]
    [InlineData("run --input items -- true")]
    [InlineData("doctor")]
    public async Task A_server_that_is_not_there_is_said_with_3_and_without_the_password(string line)
    {
        _here.Lines("items", ["a"]);

        var ended = (await _here.RunAsync(["--store", $"postgres://somebody:{Password}@127.0.0.1:1/app", .. line.Split(' ')])).With(3);

        var said = ended.Output + ended.Errors;
        said.ShouldContain("postgres://127.0.0.1:1/app");
        said.ShouldContain("cannot be reached");
        said.ShouldNotContain(Password);
    }

    [Fact]
    public async Task Who_named_the_store_is_said_when_it_cannot_be_reached()
    {
        await File.WriteAllTextAsync(_here.File("fairlead.yaml"), $"store: postgres://somebody:{Password}@127.0.0.1:1/app\nqueues: {{ hello: {{ run: [cat] }} }}\n", TestContext.Current.CancellationToken);

        var ended = (await _here.RunAsync("serve")).With(3).Saying("The store was named by store: of", "fairlead doctor");

        ended.Errors.ShouldNotContain(Password);
    }

    [Fact]
    public async Task A_wrong_password_is_said_and_not_shown()
    {
        var (connection, schema) = await server.NewSchemaAsync();
        var port = new NpgsqlConnectionStringBuilder(connection).Port;

        var ended = (await _here.RunAsync("status", "--store", $"postgres://nobody:{Password}@127.0.0.1:{port}/postgres?schema={schema}")).With(3);

        ended.Errors.ShouldContain("nobody");
        ended.Errors.ShouldNotContain(Password);
    }

    [Fact]
    public void Options_as_a_text_have_no_password() =>
        new PostgreSqlStoreOptions { ConnectionString = $"Host=h;Password={Password}" }.ToString().ShouldNotContain(Password);

    [Fact]
    public async Task Looking_makes_no_store_and_migrate_does()
    {
        var store = await StoreAsync();

        (await _here.RunAsync("status", "--store", store)).With(2).Saying("There is no store at postgres://127.0.0.1:");
        (await _here.RunAsync("migrate", "--store", store)).With(0).Output.ShouldContain("is ready");
        (await _here.RunAsync("status", "--store", store)).With(0).Output.ShouldContain("No queue has work.");
    }

    [Fact]
    public async Task The_variable_names_the_store()
    {
        var store = await StoreAsync();
        _here.Script("ask.sh", $"#!/bin/sh\nFAIRLEAD_STORE='{store}' \"$FAIRLEAD_PROGRAM\" migrate\n");

        (await _here.StartTool(_here.File("ask.sh")).EndAsync()).With(0).Output.ShouldContain("is ready");
    }

    /// <summary>An address with a password, which a server that trusts everybody never asks for.</summary>
    private async Task<string> StoreAsync()
    {
        var (connection, schema) = await server.NewSchemaAsync();
        var of = new NpgsqlConnectionStringBuilder(connection);
        return $"postgres://postgres:{Password}@{of.Host}:{of.Port}/{of.Database}?schema={schema}";
    }

    private async Task<IReadOnlyList<JsonElement>> NodesAsync() =>
        [.. (await _here.RunAsync("nodes", "--json")).With(0).Json().EnumerateArray().Where(static node => node.GetProperty("state").GetString() == "alive")];

    private async Task<string> JobsAsync(string status) => (await _here.RunAsync("jobs", "--status", status)).With(0).Output;
}
