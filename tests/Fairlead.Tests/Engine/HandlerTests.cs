using System.Text.Json;
using Fairlead.Storage;
using Fairlead.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Fairlead.Tests.Engine;

/// <summary>What handlers see and what becomes of what they do, on the real engine in virtual time.</summary>
public sealed class HandlerTests
{
    [Fact]
    public async Task A_delegate_gets_its_payload_services_context_and_token_and_its_result_is_kept()
    {
        await using var harness = new FairleadHarness(
            f => f.AddJob("greet", (Greet job, Greeter greeter, JobContext context, CancellationToken token) => $"{greeter.Word} {job.Name} {context.Attempt} {token.CanBeCanceled}"),
            services => services.AddSingleton(new Greeter("Hello")));

        var job = await harness.Jobs.EnqueueAsync(new Greet("Ann"));
        await harness.RunUntilIdleAsync();

        (await harness.Jobs.GetResultAsync<string>(job.Id)).ShouldBe("Hello Ann 1 True");
    }

    [Fact]
    public async Task Each_attempt_has_a_service_scope_of_its_own()
    {
        await using var harness = new FairleadHarness(
            f => f.AddJob<Greet, ScopedHandler>("greet").AddQueue("default", q => q.Retries = 1),
            services => services.AddScoped<PerScope>().AddSingleton(new List<PerScope>()));

        await harness.Jobs.EnqueueAsync(new Greet("Ann"));
        await harness.RunUntilIdleAsync();

        var seen = harness.Services.GetRequiredService<List<PerScope>>();
        seen.Count.ShouldBe(2);
        seen.Distinct().Count().ShouldBe(2);
        seen.ShouldAllBe(scope => scope.Disposed);
    }

    [Fact]
    public async Task A_failed_attempt_is_retried_with_growing_waits_and_then_fails_for_good()
    {
        var starts = new List<DateTimeOffset>();
        await using var harness = new FairleadHarness(f => f
            .AddJob("greet", (Greet _, TimeProvider time) => { starts.Add(time.GetUtcNow()); throw new InvalidOperationException("no luck"); })
            .AddQueue("default", q => { q.Retries = 3; q.BackoffFirst = TimeSpan.FromMinutes(1); q.BackoffMax = TimeSpan.FromHours(1); }));

        var job = await harness.Jobs.EnqueueAsync(new Greet("Ann"));
        await harness.RunUntilIdleAsync();

        var ended = (await harness.Jobs.GetAsync(job.Id))!;
        ended.Status.ShouldBe(JobStatus.Failed);
        ended.Attempt.ShouldBe(4);
        ended.Error!.ShouldContain("no luck");
        var waits = starts.Zip(starts.Skip(1), (first, second) => second - first).ToArray();
        waits[0].ShouldBeInRange(TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(61));
        waits[2].ShouldBeInRange(TimeSpan.FromSeconds(12), TimeSpan.FromSeconds(241));
    }

    [Fact]
    public async Task A_deferred_attempt_costs_nothing()
    {
        var runs = 0;
        await using var harness = new FairleadHarness(f => f
            .AddJob("greet", (Greet _) => { if (++runs < 4) { throw new JobDeferredException(TimeSpan.FromSeconds(30), "429"); } })
            .AddQueue("default", q => q.Retries = 0));

        var job = await harness.Jobs.EnqueueAsync(new Greet("Ann"));
        await harness.RunUntilIdleAsync();

        var ended = (await harness.Jobs.GetAsync(job.Id))!;
        (ended.Status, ended.Attempt, runs).ShouldBe((JobStatus.Completed, 1, 4));
    }

    [Fact]
    public async Task A_handler_that_says_so_is_not_tried_again()
    {
        await using var harness = new FairleadHarness(f => f.AddJob("greet", void (Greet _) => throw new JobFailedException("wrong address")));

        var job = await harness.Jobs.EnqueueAsync(new Greet("Ann"));
        await harness.RunUntilIdleAsync();

        var ended = (await harness.Jobs.GetAsync(job.Id))!;
        (ended.Status, ended.Attempt, ended.Error).ShouldBe((JobStatus.Failed, 1, "wrong address"));
    }

    [Fact]
    public async Task What_a_failed_attempt_enqueued_never_appears_and_what_a_completed_one_did_does()
    {
        var runs = 0;
        var followers = 0;
        await using var harness = new FairleadHarness(f => f
            .AddJob("first", (Greet job, JobContext context) =>
            {
                context.Enqueue(new Follow(job.Name));
                return ++runs == 1 ? throw new InvalidOperationException() : "done";
            })
            .AddJob("second", (Follow _) => { followers++; }));

        await harness.Jobs.EnqueueAsync(new Greet("Ann"));
        await harness.RunUntilIdleAsync();

        (runs, followers).ShouldBe((2, 1));
    }

    [Fact]
    public async Task The_result_becomes_the_next_jobs_payload()
    {
        var got = new List<Follow>();
        await using var harness = new FairleadHarness(f => f
            .AddQueue("scrape", q => q.Then = "second")
            .AddJob("first", (Greet job) => new Follow(job.Name + "!"), queue: "scrape")
            .AddJob("second", (Follow job) => { got.Add(job); }));

        await harness.Jobs.EnqueueAsync(new Greet("Ann"));
        await harness.RunUntilIdleAsync();

        got.ShouldHaveSingleItem().ShouldBe(new Follow("Ann!"));
    }

    [Fact]
    public async Task Older_payload_versions_are_read_as_the_newest()
    {
        string? seen = null;
        await using var harness = new FairleadHarness(
            f => f.AddJob<Greet, RecordingHandler>("greet", version: 2, configure: v => v.Upcast<OldGreet>(1, old => new Greet(old.First + " " + old.Last))),
            services => services.AddSingleton<Action<string>>(name => seen = name));

        await harness.Store.EnqueueAsync([new NewJob { Queue = "default", Kind = new JobKind("greet"), Payload = JsonSerializer.SerializeToUtf8Bytes(new { first = "Ann", last = "Lee" }) }]);
        await harness.RunUntilIdleAsync();

        seen.ShouldBe("Ann Lee");
    }

    [Fact]
    public async Task A_version_this_program_does_not_know_is_left_for_others()
    {
        await using var harness = new FairleadHarness(f => f.AddJob("greet", (Greet _) => { }));

        var job = (await harness.Store.EnqueueAsync([new NewJob { Queue = "default", Kind = new JobKind("greet", 2), Payload = "{}"u8.ToArray() }]))[0];
        await harness.RunForAsync(TimeSpan.FromMinutes(1));

        (await harness.Jobs.GetAsync(job.Id))!.Status.ShouldBe(JobStatus.Queued);
    }

    [Fact]
    public async Task What_a_handler_logs_becomes_the_jobs_log()
    {
        await using var harness = new FairleadHarness(f => f.AddJob("greet", (Greet job, ILogger<HandlerTests> logger) => logger.LogInformation("Hello {Name}", job.Name)));

        var job = await harness.Jobs.EnqueueAsync(new Greet("Ann"));
        await harness.RunUntilIdleAsync();

        (await harness.Store.ReadLogAsync(job.Id)).Lines.ShouldHaveSingleItem().Message.ShouldBe("Hello Ann");
    }

    [Fact]
    public async Task Middleware_stands_around_the_attempt_outermost_first()
    {
        var steps = new List<string>();
        await using var harness = new FairleadHarness(
            f => f.AddJob("greet", (Greet _) => steps.Add("work")).AddMiddleware<Outer>().AddMiddleware<Inner>(),
            services => services.AddSingleton(steps));

        await harness.Jobs.EnqueueAsync(new Greet("Ann"));
        await harness.RunUntilIdleAsync();

        steps.ShouldBe(["outer in", "inner in", "work", "inner out", "outer out"]);
    }

    [Fact]
    public async Task Progress_is_seen_while_the_attempt_runs()
    {
        await using var harness = new FairleadHarness(f => f.AddJob("greet", async (Greet _, JobContext context, TimeProvider time, CancellationToken token) =>
        {
            context.ReportProgress(45, 100);
            await Task.Delay(TimeSpan.FromMinutes(1), time, token);
        }));

        var job = await harness.Jobs.EnqueueAsync(new Greet("Ann"));
        await harness.RunForAsync(TimeSpan.FromSeconds(3));

        (await harness.Jobs.GetAsync(job.Id))!.Progress.ShouldBe(new AttemptProgress(45, 100));
    }

    public sealed record Greet(string Name);

    public sealed record OldGreet(string First, string Last);

    public sealed record Follow(string Name);

    private sealed record Greeter(string Word);

    private sealed class PerScope : IDisposable
    {
        public bool Disposed { get; private set; }

        public void Dispose() => Disposed = true;
    }

    private sealed class ScopedHandler(PerScope scope, List<PerScope> seen) : IJobHandler<Greet>
    {
        public Task HandleAsync(Greet job, JobContext context, CancellationToken cancellationToken)
        {
            seen.Add(scope);
            return context.Attempt == 1 ? throw new InvalidOperationException("the first time") : Task.CompletedTask;
        }
    }

    private sealed class RecordingHandler(Action<string> seen) : IJobHandler<Greet>
    {
        public Task HandleAsync(Greet job, JobContext context, CancellationToken cancellationToken)
        {
            seen(job.Name);
            return Task.CompletedTask;
        }
    }

    private sealed class Outer(List<string> steps) : Step("outer", steps);

    private sealed class Inner(List<string> steps) : Step("inner", steps);

    private abstract class Step(string name, List<string> steps) : IJobMiddleware
    {
        public async Task InvokeAsync(JobContext context, Func<Task> next, CancellationToken cancellationToken)
        {
            steps.Add(name + " in");
            await next();
            steps.Add(name + " out");
        }
    }
}
