using Fairlead.Engine;
using Fairlead.Storage;

namespace Fairlead.Tests.Engine;

/// <summary>In which order a node serves its queues.</summary>
public sealed class QueueTurnsTests
{
    [Fact]
    public void Queues_of_one_priority_take_turns_and_a_higher_priority_stays_before()
    {
        var turns = new QueueTurns([Queue("urgent", 5), Queue("a", 0), Queue("b", 0), Queue("c", 0), Queue("last", -1)]);

        var orders = Enumerable.Range(0, 4).Select(_ => string.Join(' ', turns.Next().Select(queue => queue.Definition.Name))).ToList();

        orders.ShouldBe(["urgent a b c last", "urgent b c a last", "urgent c a b last", "urgent a b c last"]);
    }

    private static ServedQueue Queue(string name, int priority) => new(new QueueDefinition { Name = name, Priority = priority }, []);
}
