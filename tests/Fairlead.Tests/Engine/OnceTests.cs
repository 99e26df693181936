using Fairlead.Testing;

namespace Fairlead.Tests.Engine;

/// <summary>Keys that handlers take once, on the real engine in virtual time.</summary>
public sealed class OnceTests
{
    private readonly List<string> _heard = [];

    [Fact]
    public async Task A_key_is_kept_when_its_attempt_completes_and_free_when_it_fails()
    {
        await using var harness = Harness(async context =>
        {
            var once = await context.Once("a");
            _heard.Add($"{context.Id.Value}.{context.Attempt} {once.IsNew}");
            if (context is { Id.Value: 1, Attempt: 1 })
            {
                throw new InvalidOperationException("It broke.");
            }
        });
        await EnqueueAsync(harness, 1);
        await EnqueueAsync(harness, 1);
        _heard.ShouldBe(["1.1 True", "1.2 True", "2.1 False"]);
    }

    [Theory]
    [InlineData("kept", "1.1 True", "1.2 False")]
    [InlineData("disposed", "1.1 True", "1.2 True")]
    [InlineData("given back", "1.1 True", "1.2 True")]
    public async Task What_is_said_of_a_key_counts_whatever_becomes_of_the_attempt(string said, params string[] heard)
    {
        await using var harness = Harness(async context =>
        {
            await using var once = await context.Once("a");
            _heard.Add($"{context.Id.Value}.{context.Attempt} {once.IsNew}");
            switch (said)
            {
                case "kept":
                    (await once.KeepAsync()).ShouldBeTrue();
                    break;
                case "given back":
                    await once.GiveBackAsync();
                    break;
            }
            if (context.Attempt == 1)
            {
                throw new InvalidOperationException("It broke.");
            }
        });
        await EnqueueAsync(harness, 1);
        _heard.ShouldBe(heard);
    }

    [Fact]
    public async Task A_key_disposed_before_it_is_kept_is_new_again_although_its_attempt_completes()
    {
        await using var harness = Harness(async context =>
        {
            await using var once = await context.Once("a");
            _heard.Add($"{context.Id.Value} {once.IsNew}");
        });
        await EnqueueAsync(harness, 1);
        await EnqueueAsync(harness, 1);
        _heard.ShouldBe(["1 True", "2 True"]);
    }

    [Fact]
    public async Task Of_many_keys_some_are_kept_some_given_back_and_the_rest_with_disposal()
    {
        await using var harness = Harness(async context =>
        {
            await using var once = await context.Once(["a", "b", "c", "c"]);
            _heard.Add($"{context.Id.Value} {string.Join(',', once.New)} | {string.Join(',', once.Seen)} | {string.Join(',', once.Held)}");
            await once.KeepAsync(["a", "unknown"]);
            await once.GiveBackAsync(["b"]);
        });
        await EnqueueAsync(harness, 1);
        await EnqueueAsync(harness, 1);
        _heard.ShouldBe(["1 a,b,c |  | ", "2 b,c | a | "]);
    }

    [Fact]
    public async Task The_scope_is_the_jobs_kind_unless_another_is_named()
    {
        await using var harness = Harness(async context =>
        {
            await context.Once("a");
            await context.Once("b", scope: "other");
        });
        await EnqueueAsync(harness, 1);
        (await harness.Jobs.OnceAsync("visit", ["a", "b"])).ShouldBe(["b"]);
        (await harness.Jobs.OnceAsync("other", ["a", "b"])).ShouldBe(["a"]);
        (await harness.Jobs.OnceAsync("other", [])).ShouldBeEmpty();
    }

    [Fact]
    public async Task Outside_of_jobs_keys_are_kept_at_once_until_their_time_is_over()
    {
        await using var harness = Harness(static _ => Task.CompletedTask);
        (await harness.Jobs.OnceAsync("s", ["a", "b", "a"], TimeSpan.FromHours(1))).ShouldBe(["a", "b"]);
        (await harness.Jobs.OnceAsync("s", ["b", "c"])).ShouldBe(["c"]);
        await harness.RunForAsync(TimeSpan.FromHours(2));
        (await harness.Jobs.OnceAsync("s", ["a", "c"])).ShouldBe(["a"]);
    }

    private static FairleadHarness Harness(Func<JobContext, Task> visit) => new(f => f
        .AddJob("visit", async (Visit _, JobContext context) => await visit(context))
        .AddQueue("default", q => q.Retries = 1));

    private static async Task EnqueueAsync(FairleadHarness harness, int count)
    {
        for (var i = 0; i < count; i++)
        {
            await harness.Jobs.EnqueueAsync(new Visit());
        }
        await harness.RunUntilIdleAsync();
    }

    private sealed record Visit;
}
