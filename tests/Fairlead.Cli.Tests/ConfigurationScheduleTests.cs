using System.Text;
using Fairlead.Cli.Configuration;
using Fairlead.Cli.Serving;
using Fairlead.Policies;
using Fairlead.Schedules;
using Fairlead.Storage;

namespace Fairlead.Cli.Tests;

/// <summary>What <c>schedules:</c> says is what the cluster is told, and what each target's jobs are.</summary>
public sealed class ConfigurationScheduleTests
{
    private static ServerConfiguration Read(params (string Name, string Value)[] variables) =>
        ConfigurationScene.Read(ConfigurationScene.Everything + ConfigurationScene.Schedules, [("TOKEN", "abcdef"), .. variables]);

    private static ScheduleConfiguration Find(string name, params (string Name, string Value)[] variables) => Read(variables).Schedules.Single(schedule => schedule.Name == name);

    private static string Text(ReadOnlyMemory<byte> json) => Encoding.UTF8.GetString(json.Span);

    [Fact]
    public void A_plain_schedule_makes_jobs_of_its_queue()
    {
        var loker = Find("loker").Definition;
        loker.When.ShouldBe(new FixedDelay(TimeSpan.FromMinutes(60)));
        (loker.Round.Queue, loker.Round.Kind.Name, loker.Round.Priority, loker.Round.Timeout).ShouldBe(("ai_processing", "ai_processing", 5, TimeSpan.FromSeconds(30)));
        Text(loker.Round.Payload).ShouldBe("""{"source":"loker","pages":5,"deep":[true,"5",null]}""");
        (loker.Enabled, loker.Cycle, loker.Overlap, loker.Misfire).ShouldBe((false, null, ScheduleOverlap.Skip, ScheduleMisfire.Once));
    }

    [Fact]
    public void A_calendar_its_zone_and_its_rules_arrive()
    {
        var prices = Find("prices").Definition;
        prices.When.ShouldBe(new CronRecurrence("0 3 * * *", "Europe/Berlin"));
        (prices.Overlap, prices.Misfire, prices.MisfireCap, prices.Jitter).ShouldBe((ScheduleOverlap.Queue, ScheduleMisfire.All, 50, TimeSpan.FromSeconds(30)));
        Text(prices.Round.Payload).ShouldBe("null");
    }

    [Fact]
    public void A_cycle_judges_each_target_for_itself()
    {
        var sync = Find("sync");
        (sync.Definition.Round.Queue, sync.Definition.Round.Kind.Name, sync.Definition.Overlap).ShouldBe((ScheduleRules.CycleQueue, "sync", ScheduleOverlap.Allow));
        sync.Definition.Cycle.ShouldBe(new CycleDefinition
        {
            Source = "file accounts.jsonl", Queues = sync.Definition.Cycle!.Queues, QueuesFrom = "/workers", Key = "/account", MaxGroups = 5, Overlap = ScheduleOverlap.Replace, Order = CycleOrder.Listed,
        });
        sync.Targets!.Path.ShouldBe("/srv/app/accounts.jsonl");
    }

    [Fact]
    public void Several_queues_without_targets_are_a_cycle_of_one()
    {
        var two = Find("two").Definition;
        (two.Cycle!.Source, two.Cycle.Sequential, two.Overlap, two.Misfire).ShouldBe((null, true, ScheduleOverlap.Skip, ScheduleMisfire.Skip));
        two.Cycle.Queues.ShouldBe(["ai_processing", "supabase_upload"]);
    }

    [Fact]
    public void Variables_stand_above_the_file()
    {
        Find("sync", ("FAIRLEAD__SCHEDULES__SYNC__MAX_GROUPS", "7")).Definition.Cycle!.MaxGroups.ShouldBe(7);
        Text(Find("loker", ("FAIRLEAD__SCHEDULES__LOKER__PAYLOAD", "{\"n\":1,\"s\":\"1\"}")).Definition.Round.Payload).ShouldBe("""{"n":1,"s":"1"}""");
    }

    [Fact]
    public void What_may_be_secret_of_an_address_is_not_told() =>
        ConfigurationScene.Read("queues: { q: }\nschedules: { s: { every: 5m, queue: q, for_each: { url: \"https://user:pass@host/list?token=abc\" } } }").Schedules[0].Definition.Cycle!.Source.ShouldBe("url https://host/list");

    [Fact]
    public void Equal_files_are_equal_and_a_change_is_seen()
    {
        Read().ShouldBe(Read());
        Read(("FAIRLEAD__SCHEDULES__LOKER__TIMEOUT", "31s")).ShouldNotBe(Read());
        Read(("FAIRLEAD__SCHEDULES__SYNC__PAYLOAD", "{\"source\":\"other\"}")).ShouldNotBe(Read());
    }

    [Theory]
    [InlineData("", """{"account":"a"}""", """{"account":"a"}""")]
    [InlineData("null", "5", "5")]
    [InlineData("""{"source":"s","account":"x"}""", """{"account":"a","n":[1]}""", """{"source":"s","account":"a","n":[1]}""")]
    [InlineData("""{"source":"s"}""", "\"a\"", """{"source":"s","target":"a"}""")]
    public void A_target_is_laid_over_the_payload(string payload, string target, string expected) =>
        Text(TargetPayload.Of(Encoding.UTF8.GetBytes(payload), Encoding.UTF8.GetBytes(target))).ShouldBe(expected);

    [Fact]
    public void Each_target_gets_a_job_in_each_of_its_queues()
    {
        var jobs = Jobs("""{"account":"a","workers":["supabase_upload","ai_processing"]}""");
        // The first queue finds its groups in its payloads itself: it has a pointer.
        jobs.Select(job => (job.Queue, job.Kind.Name, job.Group)).ShouldBe([("supabase_upload", "supabase_upload", "a"), ("ai_processing", "ai_processing", null)]);
        Text(jobs[0].Payload).ShouldBe("""{"source":"sync","account":"a","workers":["supabase_upload","ai_processing"]}""");
    }

    [Theory]
    [InlineData("""{"account":"a"}""", "Target a expects a list of queues at /workers")]
    [InlineData("""{"account":"a","workers":[1]}""", "Target a expects a list of queues at /workers")]
    [InlineData("""{"account":"a","workers":["supabase_uplod"]}""", "Target a: There is no queue 'supabase_uplod'; did you mean 'supabase_upload'? Known: ai_processing, supabase_upload.")]
    public void A_target_whose_queues_are_not_there_says_so(string target, string expected) => Should.Throw<ArgumentException>(() => Jobs(target)).Message.ShouldContain(expected);

    private static IReadOnlyList<NewJob> Jobs(string target)
    {
        var all = Read();
        return new TargetJobs(all.Schedules.Single(schedule => schedule.Name == "sync"), [.. all.Queues.Select(queue => queue.Definition)]).Of(new CycleTarget("a", Encoding.UTF8.GetBytes(target)));
    }
}
