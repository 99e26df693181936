using Fairlead.Engine;
using Fairlead.Policies;
using Fairlead.Schedules;
using Fairlead.Storage;

namespace Fairlead.Tests.Schedules;

/// <summary>The queues that cycles run in, among a node's others.</summary>
public sealed class CycleQueuesTests
{
    [Fact]
    public void Cycles_come_before_all_other_work_and_max_groups_bounds_the_targets()
    {
        var cycle = new ScheduleDefinition
        {
            Name = "sync", When = new FixedRate(TimeSpan.FromMinutes(5)), Round = new NewJob { Queue = ScheduleRules.CycleQueue, Kind = new JobKind("sync") },
            Cycle = new CycleDefinition { Source = "file accounts.jsonl", Queues = ["orders"], Key = "/account", MaxGroups = 5 },
        };
        var alone = new NodeSettings
        {
            Name = "node", Slots = 4, Worker = null!, Time = TimeProvider.System, Random = new Random(1),
            Queues = [new ServedQueue(new QueueDefinition { Name = "urgent", Priority = 999 }, []), new ServedQueue(new QueueDefinition { Name = "orders" }, [])],
        };

        var settings = CycleQueues.AddTo(
            alone, [new ScheduledWork(cycle, new CycleFan(null, static _ => []))], new InMemoryJobStore(TimeProvider.System), Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);

        new QueueTurns(settings.Queues).Order.Select(static queue => queue.Definition.Name).ShouldBe(["fairlead.cycles", "fairlead.targets.sync", "urgent", "orders"]);
        settings.Queues[1].Definition.MaxConcurrent.ShouldBe(5);
        settings.OwnWorkers.Keys.ShouldBe(["fairlead.cycles", "fairlead.targets.sync"], ignoreOrder: true);
    }
}
