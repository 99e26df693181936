using System.Text.Json;
using Fairlead.Cli.Tests;
using Fairlead.Samples.Upstreams;
using Fairlead.Sqlite;
using Fairlead.Storage;

namespace Fairlead.Servers.Tests.Samples;

/// <summary>The workers to copy, as <c>fairlead serve</c> runs them with what their README puts into <c>fairlead.yaml</c>.</summary>
public sealed class ServedWorkersTests : IAsyncLifetime
{
    private static readonly string[] Queues = ["python", "node", "csharp", "bash", "python_job"];
    private readonly Workspace _here = new();
    private UpstreamServer _pages = null!;

    public async ValueTask InitializeAsync()
    {
        _pages = await UpstreamServer.StartAsync(new Pages(), TimeProvider.System);
        foreach (var file in Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "samples", "workers"), "worker*"))
        {
            File.Copy(file, _here.File(Path.GetFileName(file)));
        }
        File.WriteAllText(_here.File("fairlead.yaml"), """
            store: sqlite:./fairlead.db
            http: { url: "http://127.0.0.1:0" }
            queues:
              python: { run: [python3, worker.py], protocol: stream, max_concurrent: 1 }
              node: { run: [node, worker.mjs], protocol: stream, max_concurrent: 1 }
              csharp: { run: [dotnet, run, worker.cs], protocol: stream, max_concurrent: 1 }
              bash: { run: [bash, worker.sh], protocol: job, max_concurrent: 1 }
              python_job: { run: [python3, worker-job.py], protocol: job, max_concurrent: 1 }
            """);
    }

    public async ValueTask DisposeAsync()
    {
        await _pages.DisposeAsync();
        _here.Dispose();
    }

    [Fact]
    public async Task Each_completes_fails_and_defers()
    {
        await using var store = new SqliteJobStore(_here.File("fairlead.db"), TimeProvider.System);
        await store.OpenAsync();
        var jobs = new Dictionary<string, JobId[]>();
        foreach (var queue in Queues)
        {
            jobs[queue] = [await EnqueueAsync(store, queue, "page", "page"), await EnqueueAsync(store, queue, "nowhere"), await EnqueueAsync(store, queue, "busy")];
        }
        var node = _here.Start("serve");
        foreach (var queue in Queues)
        {
            var done = await UntilAsync(store, jobs[queue][0], static job => job.EndedAt is not null);
            done.Status.ShouldBe(JobStatus.Completed, $"{queue}: {done.Error}");
            JsonDocument.Parse(done.Result).RootElement.GetProperty("bytes").GetInt64().ShouldBe(2 * Pages.Bytes, queue);

            var failed = await UntilAsync(store, jobs[queue][1], static job => job.EndedAt is not null);
            (failed.Status, failed.Attempt).ShouldBe((JobStatus.Failed, 1), queue);
            failed.Error!.ShouldContain("404", customMessage: queue);

            var later = await UntilAsync(store, jobs[queue][2], static job => job.LastOutcome is not null);
            later.LastOutcome.ShouldBe(AttemptOutcome.Deferred, queue);
            later.EndedAt.ShouldBeNull(queue);
        }
        node.Signal("TERM");
        (await node.EndAsync()).With(0);
    }

    private async Task<JobId> EnqueueAsync(SqliteJobStore store, string queue, params string[] pages)
    {
        var payload = JsonSerializer.SerializeToUtf8Bytes(new { urls = pages.Select(page => new Uri(_pages.Address, page)) });
        return (await store.EnqueueAsync([new NewJob { Queue = queue, Kind = new JobKind(queue), Payload = payload }]))[0].Id;
    }

    private static async Task<Job> UntilAsync(SqliteJobStore store, JobId id, Func<Job, bool> isSo)
    {
        Job job = null!;
        await Workspace.UntilAsync(async () => isSo(job = (await store.GetJobAsync(id))!), $"job {id}");
        return job;
    }
}
