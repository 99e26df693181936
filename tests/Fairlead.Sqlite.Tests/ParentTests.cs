using Fairlead.Storage;
using Fairlead.Testing;

namespace Fairlead.Sqlite.Tests;

/// <summary>Parents as this store keeps them: carried by no node.</summary>
public sealed class ParentTests
{
    [Fact]
    public async Task Parents_under_parents_end_in_one_step_however_deep_they_stand()
    {
        const int deep = 2000;
        var clock = new ManualClock();
        await using var temp = new TempStore();
        var store = await temp.OpenAsync(clock);
        var node = (await store.JoinAsync(TempStore.Registration() with { Lease = TimeSpan.FromDays(1) })).Node;
        var first = (await store.EnqueueAsync([TempStore.Job()]))[0].Id;
        for (var level = 1; level <= deep; level++)
        {
            var parent = (await store.ClaimAsync(TempStore.Request(node, level))).Jobs.Single();
            (await store.ApplyAsync(node, [Branched(clock, parent, TempStore.Job())])).ShouldBe([ApplyResult.Applied]);
        }
        (await store.ListQueuesAsync()).Single(queue => queue.Name == "q").Jobs.Processing.ShouldBe(deep);

        var last = (await store.ClaimAsync(TempStore.Request(node, deep + 1))).Jobs.Single();
        await store.ApplyAsync(node, [TempStore.Completed(last)]);
        (await store.GetJobAsync(first))!.Status.ShouldBe(JobStatus.Completed);
        (await store.ListQueuesAsync()).Single(queue => queue.Name == "q").Jobs.Completed.ShouldBe(deep + 1);
    }

    [Fact]
    public async Task The_end_of_its_node_leaves_a_parent_its_children_and_its_permits()
    {
        var clock = new ManualClock();
        await using var temp = new TempStore();
        var dying = await temp.OpenAsync(clock);
        var store = await temp.OpenAsync(clock);
        var limits = new NamedLimit[] { new("screens", Limit.Concurrent(1)) };
        var registration = TempStore.Registration(new() { Name = "q", Limits = [new("screens")] }) with { Limits = limits };
        registration = registration with { Queues = [.. registration.Queues, new(new() { Name = "children" }, [TempStore.Kind])] };
        var node = (await dying.JoinAsync(registration)).Node;
        var other = (await store.JoinAsync(registration)).Node;
        var id = (await store.EnqueueAsync([TempStore.Job(), TempStore.Job()]))[0].Id;
        var parent = (await dying.ClaimAsync(TempStore.Request(node, 1))).Jobs.Single();
        await dying.ApplyAsync(node, [Branched(clock, parent, TempStore.Job(queue: "children"))]);
        await dying.DisposeAsync();

        (await store.RescueAsync()).Requeued.ShouldBe(0);
        (await store.GetJobAsync(id))!.Status.ShouldBe(JobStatus.Processing);
        (await store.ClaimAsync(TempStore.Request(other, 1))).Jobs.ShouldBeEmpty();
        var child = (await store.ClaimAsync(Children(other, 2))).Jobs.Single();
        await store.ApplyAsync(other, [TempStore.Completed(child)]);
        var ended = (await store.GetJobAsync(id))!;
        ended.Status.ShouldBe(JobStatus.Completed);
        ended.Children.ShouldBe(child.Batch);
        ChildrenResult.Read(ended.Result.Span).ShouldBe(new(child.Batch!.Value.Value, 1, 1, 0, 0, 0));
        (await store.GetTimelinesAsync(id)).Single().Attempts.Single().Node.ShouldBe(node);
        (await store.ClaimAsync(TempStore.Request(other, 3))).Jobs.Count.ShouldBe(1);
    }

    private static ClaimRequest Children(NodeId node, long sequence) =>
        TempStore.Request(node, sequence) with { Queues = [new("children", [TempStore.Kind], 100)] };

    private static JobTransition Branched(ManualClock clock, ClaimedJob parent, params NewJob[] children) =>
        JobTransition.Branched(new(parent.Key, clock.Now, clock.Now), new() { Queue = "children", Items = children }, []);
}
