using System.Text;
using System.Text.Json;
using Fairlead.Processes.Pools;
using Fairlead.Storage;
using Fairlead.Tests.Processes;

namespace Fairlead.Tests.Pools;

/// <summary>Pools of real processes, good ones and bad ones: a bad one harms nobody but itself.</summary>
public sealed class RealProcessesTests
{
    /// <summary>A worker that is bad for the first job it is given at the first attempt, and good ever after.</summary>
    private static PoolOptions Bad(string what) => RealPoolScene.Python($$"""
        import sys, json, os, time
        def say(**line): print(json.dumps(line), flush=True)
        for line in sys.stdin:
            order = json.loads(line)
            if 'job' not in order: continue
            job = order['job']
            if order['payload'] == 'bad' and order['attempt'] == 1:
        {{string.Join('\n', what.Split('\n').Select(static line => "        " + line))}}
            say(done=job)
        """);

    public static TheoryData<string, AttemptOutcome, string> Misbehaviours => new()
    {
        { "print('rubbish {'); print('{\"no\":1}'); print('[1]'); print('{\"done\":\"x\"}'); sys.stdout.buffer.write(b'\\xff\\xfe\\n')", AttemptOutcome.Completed, "" },
        { "sys.stdout.write('{\"do'); sys.stdout.flush(); time.sleep(0.05); sys.stdout.write('ne\":%d}\\n' % job); sys.stdout.flush(); continue", AttemptOutcome.Completed, "" },
        { "sys.stdout.write('x' * 3 * 1024 * 1024 + '\\n')", AttemptOutcome.Lost, "a line of more than" },
        { "os.close(1); time.sleep(60)", AttemptOutcome.Lost, "closed its standard output" },
        { "os.close(0); say(done=job); time.sleep(0.2); os._exit(0)", AttemptOutcome.Completed, "" },
        { "os.close(0); time.sleep(60)", AttemptOutcome.TimedOut, "timed out" },
        { "time.sleep(60)", AttemptOutcome.TimedOut, "timed out" },
        { "say(done=job + 777)", AttemptOutcome.Completed, "" },
        { "say(done=job)", AttemptOutcome.Completed, "" },
        { "os._exit(0)", AttemptOutcome.Lost, "exit code 0 before it had answered" },
        { "print('why', file=sys.stderr); os._exit(3)", AttemptOutcome.Lost, "exit code 3 before it had answered: why" },
        { "os.kill(os.getpid(), 9)", AttemptOutcome.Lost, "killed by signal 9" },
        { "say(done=job, result='\\udcff')", AttemptOutcome.Completed, "" },
        { "sys.stdout.buffer.write(b'{\"done\":%d,\"result\":\"\\xff\"}\\n' % job); sys.stdout.flush(); continue", AttemptOutcome.Completed, "" },
        { "say(enqueue=job, queue='', payload=1)", AttemptOutcome.Failed, "cannot be" },
        { "sys.stderr.write('y' * 3 * 1024 * 1024)", AttemptOutcome.Completed, "" },
    };

    [Theory, MemberData(nameof(Misbehaviours))]
    public async Task What_a_worker_does_wrong_harms_only_itself(string what, AttemptOutcome outcome, string error)
    {
        await using var scene = await RealPoolScene.StartAsync(Bad(what), RealPoolScene.Queue(timeout: 2));
        var (bad, good) = (await scene.EnqueueAsync("\"bad\""), await scene.EnqueueAsync("\"good\""));
        await scene.EndOfAsync(bad);
        var first = await scene.FirstAttemptAsync(bad);
        first.Outcome.ShouldBe(outcome, first.Error);
        (first.Error ?? "").ShouldContain(error);
        (await scene.EndOfAsync(good)).Status.ShouldBe(JobStatus.Completed);
        (await scene.EndOfAsync(good)).Attempt.ShouldBe(1);
    }

    [Fact]
    public async Task What_is_said_of_a_job_that_it_does_not_have_is_noted()
    {
        await using var scene = await RealPoolScene.StartAsync(Bad("say(done=job + 777)"));
        await scene.EndOfAsync(await scene.EnqueueAsync("\"bad\""));
        scene.Pool.Report().LastError!.ShouldContain("which it does not have");
    }

    [Fact]
    public async Task A_worker_that_is_killed_between_two_jobs_costs_nothing()
    {
        await using var scene = await RealPoolScene.StartAsync(Bad("pass"));
        await scene.EndOfAsync(await scene.EnqueueAsync());
        var pid = scene.Pool.Report().Workers[0].Pid;
        WardenHarness.Send(pid, WardenHarness.Kill);
        var job = await scene.EndOfAsync(await scene.EnqueueAsync());
        job.Status.ShouldBe(JobStatus.Completed);
        scene.Pool.Report().Workers[0].Pid.ShouldNotBe(pid);
    }

    [Theory, InlineData("job"), InlineData("stream")]
    public async Task A_payload_and_a_result_of_one_mebibyte_come_through_unharmed(string protocol)
    {
        var options = protocol == "job" ? RealPoolScene.Shell("cat") : RealPoolScene.Python("""
            import sys, json
            for line in sys.stdin:
                order = json.loads(line)
                print(json.dumps({'done': order['job'], 'result': order['payload']}), flush=True)
            """);
        await using var scene = await RealPoolScene.StartAsync(options);
        var payload = $"\"{new string('p', 1024 * 1024 - 2)}\"";
        var job = await scene.EndOfAsync(await scene.EnqueueAsync(payload));
        job.Status.ShouldBe(JobStatus.Completed, job.Error);
        Encoding.UTF8.GetString(job.Result.Span).ShouldBe(payload);
    }

    [Theory, InlineData("job"), InlineData("stream")]
    public async Task Secrets_are_masked_in_log_and_errors(string protocol)
    {
        const string Secret = "tOps3cret-of-many-letters";
        var options = protocol == "job"
            ? RealPoolScene.Shell("echo \"token $TOKEN\"; echo \"bad $TOKEN\" >&2; exit 65")
            : RealPoolScene.Python("""
                import sys, json, os
                token = os.environ['TOKEN']
                for line in sys.stdin:
                    print('token ' + token, flush=True)
                    print('x' * 16380 + token, file=sys.stderr, flush=True)
                    print(json.dumps({'failed': json.loads(line)['job'], 'error': 'bad ' + token, 'retry': False}), flush=True)
                """);
        await using var scene = await RealPoolScene.StartAsync(options with { Environment = new Dictionary<string, string> { ["TOKEN"] = Secret }, Secrets = [Secret] });
        var job = await scene.EndOfAsync(await scene.EnqueueAsync());
        job.Status.ShouldBe(JobStatus.Failed);
        job.Error!.ShouldContain("bad ***");
        var log = string.Concat(await scene.LogAsync(job.Id));
        log.ShouldContain("token ***");
        log.ShouldNotContain("tOps3");
        log.ShouldNotContain("letters");
    }

    [Fact]
    public async Task Standard_error_is_the_log_of_the_job_and_bounded()
    {
        await using var scene = await RealPoolScene.StartAsync(Bad("for i in range(200000): print('line', i, file=sys.stderr)"));
        var job = await scene.EndOfAsync(await scene.EnqueueAsync("\"bad\""));
        var log = await scene.LogAsync(job.Id);
        log[0].ShouldBe("line 0");
        log.Sum(static line => line.Length).ShouldBeLessThan(4 << 20);
    }

    [Fact]
    public async Task A_place_cools_down_between_two_real_processes()
    {
        await using var scene = await RealPoolScene.StartAsync(RealPoolScene.Shell("true") with { Cooldown = TimeSpan.FromSeconds(1) });
        var (first, second) = (await scene.EnqueueAsync(), await scene.EnqueueAsync());
        var ended = (await scene.EndOfAsync(first)).EndedAt!.Value;
        await scene.EndOfAsync(second);
        ((await scene.FirstAttemptAsync(second)).StartedAt - ended).ShouldBeInRange(TimeSpan.FromSeconds(0.95), TimeSpan.FromSeconds(5));
    }

    [Theory, InlineData("job"), InlineData("stream")]
    public async Task A_real_process_is_ended_at_max_runtime(string protocol)
    {
        var options = protocol == "job" ? RealPoolScene.Shell("sleep 60") : Bad("time.sleep(60)");
        await using var scene = await RealPoolScene.StartAsync(options with { MaxRuntime = TimeSpan.FromSeconds(1) });
        var job = await scene.EnqueueAsync("\"bad\"");
        await WardenHarness.UntilAsync(() => scene.FirstAttemptAsync(job).Result.Outcome is not null, "its first attempt ended");
        var first = await scene.FirstAttemptAsync(job);
        first.Outcome.ShouldBe(AttemptOutcome.TimedOut);
        first.Error!.ShouldContain("max_runtime");
        (first.EndedAt - first.StartedAt)!.Value.ShouldBeInRange(TimeSpan.FromSeconds(0.95), TimeSpan.FromSeconds(4));
    }

    [Theory, InlineData("job"), InlineData("stream")]
    public async Task A_real_process_that_holds_too_much_memory_is_ended(string protocol)
    {
        const string Eater = "held = b'x' * (200 << 20); import time; time.sleep(60)";
        var options = protocol == "job" ? new PoolOptions { Run = ["python3", "-c", Eater] } : Bad(Eater);
        await using var scene = await RealPoolScene.StartAsync(options with { MaxMemory = 100 << 20 });
        var job = await scene.EnqueueAsync("\"bad\"");
        await WardenHarness.UntilAsync(() => scene.Store.GetTimelinesAsync(job).Result[0].Attempts is [{ Outcome: not null }, ..], "its first attempt ended");
        var first = await scene.FirstAttemptAsync(job);
        first.Outcome.ShouldBe(AttemptOutcome.Failed);
        first.Error!.ShouldContain("max_memory");
        scene.Pool.Report().Ends[WorkerEnd.MaxMemory].ShouldBe(1);
    }

    [Fact]
    public async Task What_a_worker_enqueues_defers_and_tells_of_its_progress_arrives()
    {
        await using var scene = await RealPoolScene.StartAsync(RealPoolScene.Python("""
            import sys, json
            seen = 0
            for line in sys.stdin:
                job = json.loads(line)['job']
                seen += 1
                print(json.dumps({'progress': job, 'processed': 45, 'total': 100}), flush=True)
                print(json.dumps({'log': job, 'message': 'half of it', 'level': 'error'}), flush=True)
                print(json.dumps({'enqueue': job, 'queue': 'next', 'payload': {'from': job}}), flush=True)
                if seen == 1: print(json.dumps({'defer': job, 'seconds': 0.1}), flush=True)
                else: print(json.dumps({'done': job, 'result': {'ok': True}}), flush=True)
            """));
        var job = await scene.EndOfAsync(await scene.EnqueueAsync());
        job.Status.ShouldBe(JobStatus.Completed);
        job.Attempt.ShouldBe(1, "to be told to come later costs nothing");
        job.Progress.ShouldBe(new AttemptProgress(45, 100));
        JsonElement.Parse(job.Result.Span).GetProperty("ok").GetBoolean().ShouldBeTrue();
        (await scene.LogAsync(job.Id)).ShouldContain("half of it");
        var next = (await scene.Store.ListJobsAsync(new JobQuery { Queue = "next" })).Jobs;
        next.Count.ShouldBe(1, "what an attempt enqueues that does not complete never appears");
        next[0].Parent.ShouldBe(job.Id);
    }
}
