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

        Order(turns).ShouldBe("urgent a b c last");
        turns.Served("a");
        Order(turns).ShouldBe("urgent b c a last");
        turns.Served("c");
        turns.Served("last");
        Order(turns).ShouldBe("urgent b a c last");
    }

    private static string Order(QueueTurns turns) => string.Join(' ', turns.Order.Select(static queue => queue.Definition.Name));

    private static ServedQueue Queue(string name, int priority) => new(new QueueDefinition { Name = name, Priority = priority }, []);
}
