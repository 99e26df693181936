using System.Net;
using Fairlead.Policies;
using Fairlead.Schedules;
using Fairlead.Storage;

namespace Fairlead.AspNetCore.Tests;

/// <summary>Schedules and cycles over HTTP, over both stores.</summary>
public sealed class ScheduleTests
{
    public static TheoryData<bool> Stores => [true, false];

    [Theory]
    [MemberData(nameof(Stores))]
    public async Task A_schedule_is_listed_with_its_next_times_paused_and_resumed(bool inFile)
    {
        await using var api = await Api.StartAsync(inFile);
        await JoinAsync(api, Definition("nightly") with { When = new CronRecurrence("0 3 * * *", "Europe/Berlin") });

        var listed = (await api.GetAsync("schedules?next=2")).With(HttpStatusCode.OK).Json[0];
        listed.GetProperty("schedule").GetString().ShouldBe("nightly");
        listed.GetProperty("when").GetString().ShouldBe("cron 0 3 * * * Europe/Berlin");
        listed.GetProperty("served").GetBoolean().ShouldBeTrue();
        listed.GetProperty("next").GetArrayLength().ShouldBe(2);
        listed.GetProperty("next")[0].GetDateTimeOffset().ShouldBe(listed.GetProperty("next_at").GetDateTimeOffset());

        (await api.SendAsync("POST", "schedules/nightly/pause")).With(HttpStatusCode.OK).Json.GetProperty("paused").GetBoolean().ShouldBeTrue();
        (await api.GetAsync("schedules/nightly")).Json.TryGetProperty("next_at", out _).ShouldBeFalse();
        (await api.SendAsync("POST", "schedules/nightly/resume")).With(HttpStatusCode.OK).Json.GetProperty("paused").GetBoolean().ShouldBeFalse();
        (await api.GetAsync("schedules/nightly")).Json.TryGetProperty("next_at", out _).ShouldBeTrue();
    }

    [Theory]
    [MemberData(nameof(Stores))]
    public async Task A_trigger_starts_a_round_and_is_refused_while_it_runs(bool inFile)
    {
        await using var api = await Api.StartAsync(inFile);
        var node = await JoinAsync(api, Definition("nightly"));

        var round = (await api.SendAsync("POST", "schedules/nightly/trigger")).With(HttpStatusCode.Accepted).Json.GetProperty("job").GetInt64();
        (await api.GetAsync($"jobs/{round}")).Json.GetProperty("status").GetString().ShouldBe("queued");
        (await api.SendAsync("POST", "schedules/nightly/trigger")).Problem(HttpStatusCode.Conflict, "still_running", $"{round}");

        await api.CompleteAsync(node, await api.ClaimAsync(node, "work"));
        await EndSeenAsync(api);
        (await api.SendAsync("POST", "schedules/nightly/trigger")).With(HttpStatusCode.Accepted).Json.GetProperty("job").GetInt64().ShouldBeGreaterThan(round);
    }

    [Fact]
    public async Task A_schedule_that_does_not_exist_is_named_with_the_nearest()
    {
        await using var api = await Api.StartAsync(inFile: false);
        await JoinAsync(api, Definition("nightly"));

        (await api.SendAsync("POST", "schedules/nightli/trigger")).Problem(HttpStatusCode.NotFound, "not_found", "nightli", "nightly");
        (await api.GetAsync("schedules/other")).Problem(HttpStatusCode.NotFound, "not_found", "other");
        (await api.GetAsync("cycles?schedule=nightli")).Problem(HttpStatusCode.NotFound, "not_found", "nightly");
        (await api.GetAsync("schedules?next=0")).Problem(HttpStatusCode.BadRequest, "bad_query", "next expects");
    }

    [Theory]
    [MemberData(nameof(Stores))]
    public async Task A_cycle_shows_its_targets_and_a_parent_its_children(bool inFile)
    {
        await using var api = await Api.StartAsync(inFile);
        var cycle = Definition("sync") with
        {
            Overlap = ScheduleOverlap.Allow,
            Round = new NewJob { Queue = ScheduleRules.CycleQueue, Kind = new JobKind("sync"), Payload = "null"u8.ToArray() },
            Cycle = new CycleDefinition { Source = "file accounts.jsonl", Queues = ["work"], Key = "/account", MaxGroups = 5 },
        };
        var node = await JoinAsync(api, cycle);
        var round = (await api.SendAsync("POST", "schedules/sync/trigger")).With(HttpStatusCode.Accepted).Json.GetProperty("job").GetInt64();
        var now = TimeProvider.System.GetUtcNow();
        var claim = await api.Store.ClaimAsync(new ClaimRequest { Node = node, Sequence = 1, Slots = 1, Queues = [new QueueClaim(ScheduleRules.CycleQueue, [new JobKind("sync")], 1)] });
        NewJob[] targets = [.. new[] { "acme", "umbrella" }.Select(name => new NewJob { Queue = "work", Kind = new JobKind("work"), UniqueKey = name })];
        await api.Store.ApplyAsync(node, [JobTransition.Branched(new AttemptTimes(claim.Jobs[0].Key, now, now), new NewBatch { Queue = "work", Items = targets, LeaveOutHeld = true }, [])]);
        await api.CompleteAsync(node, await api.ClaimAsync(node, "work", sequence: 2));

        var parent = (await api.GetAsync($"jobs/{round}")).With(HttpStatusCode.OK).Json;
        parent.GetProperty("status").GetString().ShouldBe("processing");
        (parent.GetProperty("processed_items").GetInt64(), parent.GetProperty("total_items").GetInt64(), parent.GetProperty("progress").GetDouble()).ShouldBe((1, 2, 50));
        (await api.GetAsync($"jobs/{parent.GetProperty("children").GetInt64()}/items")).With(HttpStatusCode.OK);
        var listed = (await api.GetAsync("cycles?schedule=sync")).With(HttpStatusCode.OK).Json[0];
        (listed.GetProperty("job").GetInt64(), listed.GetProperty("targets").GetInt64(), listed.GetProperty("completed").GetInt64()).ShouldBe((round, 2, 1));
        (await api.GetAsync($"jobs/{round}/explain")).With(HttpStatusCode.OK).Json.GetProperty("causes").GetArrayLength().ShouldBeGreaterThan(0);
    }

    private static ScheduleDefinition Definition(string name) => new()
    {
        Name = name, When = new CronRecurrence("0 0 1 1 *"), Round = new NewJob { Queue = "work", Kind = new JobKind("work"), Payload = "null"u8.ToArray() },
    };

    private static async Task<NodeId> JoinAsync(Api api, ScheduleDefinition schedule)
    {
        await api.Store.OpenAsync();
        return (await api.Store.JoinAsync(new NodeRegistration
        {
            Name = "node", Slots = 100, Lease = TimeSpan.FromMinutes(10), Schedules = [schedule],
            Queues = [new ServedQueue(new QueueDefinition { Name = "work" }, [new JobKind("work")]), new ServedQueue(new QueueDefinition { Name = ScheduleRules.CycleQueue }, [new JobKind(schedule.Name)])],
        })).Node;
    }

    /// <summary>Notes the ends of rounds, as a node's ticker would.</summary>
    private static async Task EndSeenAsync(Api api)
    {
        var record = (await api.Store.ListSchedulesAsync())[0];
        var state = record.State.Open.Aggregate(record.State, (state, round) => ScheduleRules.Ended(record.Definition, state, round, TimeProvider.System.GetUtcNow(), JobStatus.Completed));
        (await api.Store.WriteScheduleAsync(new ScheduleWrite { Name = record.Definition.Name, Revision = record.Revision, State = state })).Outcome.ShouldBe(ScheduleWriteOutcome.Written);
    }
}
