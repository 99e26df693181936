using Fairlead.Simulation;

namespace Fairlead.Testing.Simulation;

/// <summary>What goes wrong, one thing after the other: nodes die, freeze, stop, lose answers, lose the store, lose the time.</summary>
internal sealed class Misfortune(VirtualTime time, Cluster cluster, Journal journal, Random random, int faults)
{
    private static readonly string[] Verbs = ["Claim", "Claim", "Apply", "Apply", "Heartbeat", "Join", "Leave", "Reconcile", "Rescue", "ReleaseAbandoned"];

    public int Happened { get; private set; }

    public async Task RunAsync()
    {
        var pending = new List<Task>();
        for (; Happened < faults; Happened++)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(random.Next(1500, 9000)), time);
            var node = cluster.Nodes[random.Next(cluster.Nodes.Count)];
            pending.Add(StrikeAsync(node, random.Next(15)));
        }
        await Task.WhenAll(pending);
        cluster.EndDisturbances();
    }

    private Task StrikeAsync(SimulatedNode node, int kind)
    {
        journal.Write(node.Name, "fault", kind);
        switch (kind)
        {
            case 0 or 1:
                return CrashAsync(node);
            case 2 or 3:
                return FreezeAsync(node);
            case 4:
                return RestartAsync(node);
            case 5:
                node.Clock.Skew += TimeSpan.FromSeconds(random.Next(-300, 301));
                return Task.CompletedTask;
            case 6:
                node.Disturbances.Away(TimeSpan.FromMilliseconds(random.Next(100, 15000)));
                return Task.CompletedTask;
            case 7:
                cluster.ClientDisturbances.Next(null, new(random.Next(2) == 0 ? Fault.Fail : Fault.LoseAnswer));
                return Task.CompletedTask;
            case 8:
                return DeafenAsync(node);
            default:
                for (var i = random.Next(1, 4); i > 0; i--)
                {
                    node.Disturbances.Next(Verbs[random.Next(Verbs.Length)], AnyFault());
                }
                return Task.CompletedTask;
        }
    }

    private StoreFault AnyFault() => random.Next(6) switch
    {
        0 => new(Fault.Fail),
        1 => new(Fault.StallBefore, TimeSpan.FromMilliseconds(random.Next(50, 14000))),
        2 => new(Fault.StallAfter, TimeSpan.FromMilliseconds(random.Next(50, 14000))),
        _ => new(Fault.LoseAnswer),
    };

    private async Task CrashAsync(SimulatedNode node)
    {
        if (cluster.TryTakeOut(node))
        {
            node.Crash();
            await Task.Delay(TimeSpan.FromMilliseconds(random.Next(0, 5000)), time);
            cluster.StartOne(node.Role);
        }
    }

    private async Task FreezeAsync(SimulatedNode node)
    {
        if (!node.IsFrozen)
        {
            node.Freeze();
            await Task.Delay(TimeSpan.FromMilliseconds(random.Next(500, 20000)), time);
            node.Thaw();
        }
    }

    /// <summary>Signals are hints: without them work is found a poll later.</summary>
    private async Task DeafenAsync(SimulatedNode node)
    {
        node.Deafen();
        await Task.Delay(TimeSpan.FromMilliseconds(random.Next(1000, 20000)), time);
        node.HearAgain();
    }

    private async Task RestartAsync(SimulatedNode node)
    {
        if (node.IsUp && cluster.TryTakeOut(node))
        {
            if (random.Next(2) == 0)
            {
                // A claim whose answer is lost or late while its node is told to stop.
                node.Disturbances.Next("Claim", AnyFault());
                await Task.Delay(TimeSpan.FromMilliseconds(random.Next(0, 1000)), time);
            }
            var stopping = node.StopAsync(TimeSpan.FromMilliseconds(random.Next(0, 20000)));
            await Task.Delay(TimeSpan.FromMilliseconds(random.Next(0, 2000)), time);
            cluster.StartOne(node.Role);
            await stopping;
        }
    }
}
