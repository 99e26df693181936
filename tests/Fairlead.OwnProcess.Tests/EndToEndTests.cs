using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Fairlead.Storage;

namespace Fairlead.OwnProcess.Tests;

/// <summary>A whole program with a queue whose handlers run in processes of their own.</summary>
public sealed class EndToEndTests
{
    [Fact]
    public async Task A_handler_that_hears_nothing_is_ended_and_its_job_is_tried_again()
    {
        await using var node = await NodeProgram.StartAsync();
        var (timeout, killAfter) = (TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(1));
        var id = await node.EnqueueAsync("spins", node.Folder.At("spins"), timeout);

        var pid = await node.PidAsync("spins", 1);
        var clock = Stopwatch.StartNew();
        await NodeProgram.UntilAsync(() => Task.FromResult(!NodeProgram.Lives(pid)), () => "the process is gone");
        clock.Elapsed.ShouldBeLessThan(timeout + killAfter + TimeSpan.FromSeconds(1));

        var job = await node.EndedAsync(id);
        job.Status.ShouldBe(JobStatus.Completed, job.Error);
        job.Attempt.ShouldBe(2);
        Text(job).ShouldNotBe($"{pid}");
        (await node.PidAsync("spins", 2)).ShouldBe(int.Parse(Text(job), CultureInfo.InvariantCulture));
    }

    [Fact]
    public async Task A_handler_that_takes_its_process_with_it_costs_its_own_attempt_alone()
    {
        await using var node = await NodeProgram.StartAsync();
        var beside = await node.EnqueueAsync("permit", node.Folder.At("go"));
        await node.Folder.UntilThereAsync("go.held");

        var id = await node.EnqueueAsync("crashes", node.Folder.At("crashes"));
        var pid = await node.PidAsync("crashes", 1);
        var job = await node.EndedAsync(id);
        (job.Status, job.Attempt).ShouldBe((JobStatus.Completed, 2));
        Text(job).ShouldNotBe($"{pid}");
        (await node.LogAsync(id)).ShouldContain(static line => line.Contains("on purpose", StringComparison.Ordinal));
        NodeProgram.Lives(pid).ShouldBeFalse();

        await File.WriteAllTextAsync(node.Folder.At("go"), "");
        var held = await node.EndedAsync(beside);
        (held.Status, held.Attempt).ShouldBe((JobStatus.Completed, 1));
        NodeProgram.Lives(node.Id).ShouldBeTrue();
    }

    [Theory, InlineData("host", 1), InlineData("web", 20), InlineData("hand", 1)]
    public async Task A_thousand_quick_jobs_go_through_two_processes(string shape, int prefetch)
    {
        await using var node = await NodeProgram.StartAsync(shape, prefetch);
        var jobs = await node.EnqueueAsync(1000, "echo", "hi");
        var pids = new HashSet<int>();
        foreach (var id in jobs)
        {
            var job = await node.EndedAsync(id);
            (job.Status, job.Attempt).ShouldBe((JobStatus.Completed, 1), job.Error);
            pids.Add(JsonDocument.Parse(job.Result).RootElement.GetProperty("pid").GetInt32());
        }
        pids.Count.ShouldBe(2);
        pids.ShouldNotContain(node.Id);
        Text(await node.EndedAsync(await node.EnqueueAsync("where"))).ShouldBe($"{node.Id}");
    }

    [Fact]
    public async Task What_a_handler_enqueues_appears_with_all_that_it_said()
    {
        await using var node = await NodeProgram.StartAsync();
        var id = await node.EnqueueAsync("chain", "alone");
        (await node.EndedAsync(id)).Status.ShouldBe(JobStatus.Completed);
        var next = (await node.Store.ListJobsAsync(new() { Queue = "next" })).Jobs.ShouldHaveSingleItem();
        (next.Kind.Name, next.Group, next.UniqueKey, next.Priority, next.Parent).ShouldBe(("noop", "g", "u", 5, id));
        Encoding.UTF8.GetString(next.Payload.Span).ShouldBe("""{"text":"alone"}""");

        // By the client, in the middle of the attempt, on the same store.
        var direct = await node.EndedAsync(await node.EnqueueAsync("enqueues", "now"));
        direct.Status.ShouldBe(JobStatus.Completed, direct.Error);
        var made = await node.EndedAsync(JobId.Parse(Text(direct), CultureInfo.InvariantCulture));
        made.Queue.ShouldBe("here");
    }

    [Fact]
    public async Task A_key_is_taken_once_by_all_processes_and_the_host()
    {
        await using var node = await NodeProgram.StartAsync();
        Text(await node.EndedAsync(await node.EnqueueAsync("once", "a"))).ShouldBe("true");
        Text(await node.EndedAsync(await node.EnqueueAsync("once", "a"))).ShouldBe("false");
        (await node.Store.ClaimKeysAsync(new KeyClaim { Scope = "once", Keys = ["a", "b"] })).ShouldBe([KeyAnswer.Seen, KeyAnswer.New]);
    }

    [Fact]
    public async Task Time_that_a_process_needs_to_start_does_not_count()
    {
        await using var node = await NodeProgram.StartAsync(slow: 3);
        var job = await node.EndedAsync(await node.EnqueueAsync("noop", timeout: TimeSpan.FromSeconds(2)));
        (job.Status, job.Attempt).ShouldBe((JobStatus.Completed, 1), job.Error);
    }

    [Fact]
    public async Task Time_that_a_handler_waits_for_a_permit_does_not_count()
    {
        await using var node = await NodeProgram.StartAsync();
        await node.EnqueueAsync("permit", node.Folder.At("go"));
        await node.Folder.UntilThereAsync("go.held");
        (await node.EndedAsync(await node.EnqueueAsync("noop"))).Status.ShouldBe(JobStatus.Completed);

        // It waits for a second in vain, is told to come later, and never runs into its timeout.
        var id = await node.EnqueueAsync("permit", timeout: TimeSpan.FromMilliseconds(700));
        await NodeProgram.UntilAsync(async () => (await node.Store.GetJobAsync(id))!.LastOutcome is not null, () => "its first attempt ends");
        (await node.Store.GetJobAsync(id))!.LastOutcome.ShouldBe(AttemptOutcome.Deferred);
        await File.WriteAllTextAsync(node.Folder.At("go"), "");
        var job = await node.EndedAsync(id);
        (job.Status, job.Attempt).ShouldBe((JobStatus.Completed, 1), job.Error);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task Its_processes_go_with_the_program(bool killed)
    {
        await using var node = await NodeProgram.StartAsync();
        await node.EnqueueAsync("spins", node.Folder.At("spins"));
        var busy = await node.PidAsync("spins", 1);
        var quick = await node.EndedAsync(await node.EnqueueAsync("echo"));
        var idle = JsonDocument.Parse(quick.Result).RootElement.GetProperty("pid").GetInt32();
        if (killed)
        {
            node.Kill();
        }
        else
        {
            await node.StopAsync();
        }
        await NodeProgram.UntilAsync(() => Task.FromResult(!NodeProgram.Lives(busy) && !NodeProgram.Lives(idle)), () => "both processes are gone");
    }

    private static string Text(Job job) => Encoding.UTF8.GetString(job.Result.Span);
}
