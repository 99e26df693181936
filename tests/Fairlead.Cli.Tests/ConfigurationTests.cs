using Fairlead.Cli.Configuration;
using Fairlead.Processes.Pools;
using Fairlead.Storage;

namespace Fairlead.Cli.Tests;

/// <summary>What <c>fairlead.yaml</c> says is what is run.</summary>
public sealed class ConfigurationTests
{
    private static TimeSpan Seconds(double seconds) => TimeSpan.FromSeconds(seconds);

    [Fact]
    public void Every_key_of_the_file_arrives()
    {
        var all = ConfigurationScene.Read(ConfigurationScene.Everything, ("TOKEN", "s3cret-token"));

        all.Store.ShouldBe("sqlite:/srv/app/fairlead.db");
        all.Http.ShouldBe(new HttpConfiguration { Url = new("http://127.0.0.1:5080"), Keys = "/srv/app/keys.yaml" });
        all.Retention.ShouldBe(new RetentionConfiguration { Completed = TimeSpan.FromDays(7), Failed = TimeSpan.FromDays(30) });
        all.Alerts!.Url.ShouldBe(new Uri("https://alerts.example.com/"));
        all.Alerts.On.ShouldBe(AlertKinds.All);
        all.Limits.ShouldBe(
        [
            new("sp_api", new Limit { Rate = 8.PerSecond(), Margin = 0.02 }),
            new("keepa", new Limit { Rate = 5.PerSecond(), Burst = 20, Adaptive = true, Headers = new() { Remaining = "x-tokens-left", Reset = "x-refill-in" } }),
            new("board", new Limit { Rate = 100.PerMinute(), Shape = LimitShape.Window }),
            new("ebay", new Limit { Rate = 5000.PerDay(), Resets = new(new TimeOnly(0, 0), "America/Los_Angeles") }),
            new("llm", new Limit { Rate = 90_000.PerMinute(), Burst = 10_000, PerGroup = true, Debt = true }),
            new("browser", Limit.Concurrent(10)),
        ]);
        all.Queues.Select(queue => queue.Name).ShouldBe(["ai_processing", "supabase_upload"]);
    }

    [Fact]
    public void Every_key_of_a_queue_arrives()
    {
        var queue = ConfigurationScene.Read(ConfigurationScene.Everything, ("TOKEN", "s3cret-token")).Queue("ai_processing")!;

        queue.Definition.ShouldBe(new QueueDefinition
        {
            Name = "ai_processing", Label = "AI", MaxConcurrent = 3, Timeout = Seconds(60), Deadline = TimeSpan.FromDays(7), KillAfter = Seconds(5), SlowAfter = Seconds(60),
            TimeoutBy = new("/tier", new Dictionary<string, TimeSpan> { ["1"] = Seconds(30) }),
            Priority = 0, Retries = 3, BackoffFirst = Seconds(2), BackoffMax = TimeSpan.FromMinutes(5), RetryBudget = 0.1,
            Limits = ["sp_api", new LimitUse("llm", 1, "/tokens"), new LimitUse("board", 2)],
            Group = "/account", GroupConcurrency = 1, Weights = new Dictionary<string, double> { ["big"] = 2 }, Breaker = new(), Unique = "/announcement_id",
            SequentialUpTo = 0, MaxPayload = 1 << 20, Then = new NextStep("supabase_upload", new JobKind("supabase_upload")),
        });
        QueueConfiguration.SamePool(queue.Pool, new PoolOptions
        {
            Run = ["python3", "workers/ai_worker.py"], Directory = "/srv/app", Environment = new Dictionary<string, string> { ["TOKEN"] = "s3cret-token" },
            Secrets = ["s3cret-token"], Protocol = PoolProtocol.Stream, Prefetch = 2, MaxPerNode = 2, MaxRuntime = Seconds(300), MaxJobs = 100, MaxMemory = 2L << 30,
            IdleTimeout = Seconds(30), Spares = 1, Cooldown = Seconds(10),
        }).ShouldBeTrue();
    }

    [Fact]
    public void A_queue_without_a_program_is_declared_and_has_no_pool() => ConfigurationScene.Queue("retries: 5").Pool.ShouldBeNull();

    [Fact]
    public void An_empty_file_is_sound() => ConfigurationScene.Read("").ShouldBe(new ServerConfiguration { File = "/srv/app/fairlead.yaml" });

    [Theory]
    [InlineData("timeout: 90s", 90)]
    [InlineData("timeout: 1.5m", 90)]
    public void One_timeout_is_for_all(string yaml, double seconds)
    {
        var definition = ConfigurationScene.Queue(yaml).Definition;
        (definition.Timeout, definition.TimeoutBy).ShouldBe((Seconds(seconds), null));
    }

    [Fact]
    public void Timeouts_by_payload_need_no_default()
    {
        var definition = ConfigurationScene.Queue("timeout: { by: /size/name, small: 5s, 2: 1m }").Definition;
        definition.Timeout.ShouldBeNull();
        definition.TimeoutBy.ShouldBe(new TimeoutBy("/size/name", new Dictionary<string, TimeSpan> { ["small"] = Seconds(5), ["2"] = Seconds(60) }));
    }

    [Theory]
    [InlineData("backoff: { first: 10m }", 600, 600)]
    [InlineData("backoff: { max: 1h }", 2, 3600)]
    [InlineData("backoff:", 2, 300)]
    public void Backoff_may_be_said_in_part(string yaml, double first, double max)
    {
        var definition = ConfigurationScene.Queue(yaml).Definition;
        (definition.BackoffFirst, definition.BackoffMax).ShouldBe((Seconds(first), Seconds(max)));
    }

    [Theory]
    [InlineData("breaker: {}", 5, 30, 600)]
    [InlineData("breaker: { failures: 2, open_for: 20m }", 2, 1200, 1200)]
    public void A_breaker_may_be_said_in_part(string yaml, int failures, double open, double most) =>
        ConfigurationScene.Queue(yaml).Definition.Breaker.ShouldBe(new BreakerPolicy { Failures = failures, OpenFor = Seconds(open), MaxOpen = Seconds(most) });

    [Theory]
    [InlineData("retry_budget: 10%", 0.1)]
    [InlineData("retry_budget: 10 %", 0.1)]
    [InlineData("retry_budget: 0.25", 0.25)]
    public void Shares_are_read(string yaml, double share) => ConfigurationScene.Queue(yaml).Definition.RetryBudget!.Value.ShouldBe(share, 1e-12);

    [Theory]
    [InlineData("sqlite:jobs.db", "sqlite:/srv/app/jobs.db")]
    [InlineData("sqlite:../jobs.db", "sqlite:/srv/app/../jobs.db")]
    [InlineData("sqlite:/data/jobs.db", "sqlite:/data/jobs.db")]
    [InlineData("sqlite:///data/jobs.db", "sqlite:/data/jobs.db")]
    [InlineData("\"memory:\"", "memory:")]
    [InlineData("memory", "memory:")]
    [InlineData("postgres://user:pass@host/db", "postgres://user:pass@host/db")]
    [InlineData("redis://host:6379/0", "redis://host:6379/0")]
    public void Stores_are_read_and_files_count_from_the_folder(string yaml, string store) => ConfigurationScene.Read($"store: {yaml}").Store.ShouldBe(store);

    [Theory]
    [InlineData("run: [cat]", "/srv/app")]
    [InlineData("run: [cat]\ncwd: workers", "/srv/app/workers")]
    [InlineData("run: [cat]\ncwd: /opt", "/opt")]
    public void Programs_run_in_the_files_folder_or_what_counts_from_it(string yaml, string folder) => ConfigurationScene.Queue(yaml).Pool!.Directory.ShouldBe(folder);

    [Fact]
    public void Alerts_may_run_a_program()
    {
        var alerts = ConfigurationScene.Read("alerts: { run: [./alert.sh, -v], on: [slow, crashing] }").Alerts!;
        alerts.Run.ShouldBe(["./alert.sh", "-v"]);
        (alerts.On, alerts.Directory).ShouldBe((AlertKinds.Slow | AlertKinds.Crashing, "/srv/app"));
    }

    [Fact]
    public void Anchors_are_followed()
    {
        var all = ConfigurationScene.Read("queues:\n  a: { backoff: &slow { first: 1m, max: 1h } }\n  b: { backoff: *slow }\n");
        all.Queue("b")!.Definition.BackoffFirst.ShouldBe(Seconds(60));
    }

    [Theory]
    [InlineData("${WORD}", "word")]
    [InlineData("a ${WORD} b ${WORD}", "a word b word")]
    [InlineData("${MISSING:-else}", "else")]
    [InlineData("${EMPTY:-else}", "else")]
    [InlineData("${WORD:-else}", "word")]
    [InlineData("x${MISSING:-}y", "xy")]
    [InlineData("$${WORD} $WORD $", "${WORD} $WORD $")]
    [InlineData("${file:secret.txt}!", "from the file!")]
    [InlineData("${file:/run/secrets/x}", "two\nlines")]
    public void Variables_are_taken(string written, string expected)
    {
        var files = new Dictionary<string, string> { ["/srv/app/secret.txt"] = "from the file\n", ["/run/secrets/x"] = "two\nlines\r\n" };
        var all = ConfigurationScene.ReadWith($"queues: {{ q: {{ label: \"{written}\" }} }}", files, ("WORD", "word"), ("EMPTY", ""));
        all.Queues[0].Definition.Label.ShouldBe(expected);
    }

    [Fact]
    public void Equal_files_are_equal_and_a_reload_sees_which_queue_changed()
    {
        var before = ConfigurationScene.Read(ConfigurationScene.Everything, ("TOKEN", "abcdef"));
        var again = ConfigurationScene.Read(ConfigurationScene.Everything, ("TOKEN", "abcdef"));
        var rotated = ConfigurationScene.Read(ConfigurationScene.Everything, ("TOKEN", "ghijkl"));
        var widened = ConfigurationScene.Read(ConfigurationScene.Everything.Replace("max_concurrent: 3", "max_concurrent: 6", StringComparison.Ordinal), ("TOKEN", "abcdef"));

        again.ShouldBe(before);
        again.GetHashCode().ShouldBe(before.GetHashCode());
        Changed(before, rotated).ShouldBe(["ai_processing"]);
        Changed(before, widened).ShouldBe(["ai_processing"]);
        Changed(before, again).ShouldBeEmpty();
        QueueConfiguration.SamePool(before.Queues[0].Pool, widened.Queues[0].Pool).ShouldBeTrue();
        QueueConfiguration.SamePool(before.Queues[0].Pool, rotated.Queues[0].Pool).ShouldBeFalse();
        QueueConfiguration.SamePool(before.Queues[0].Pool, null).ShouldBeFalse();
    }

    private static IEnumerable<string> Changed(ServerConfiguration before, ServerConfiguration after) =>
        after.Queues.Where(queue => queue != before.Queue(queue.Name)).Select(queue => queue.Name);
}
