using Fairlead.Processes;
using static Fairlead.Tests.Processes.WardenHarness;

namespace Fairlead.Tests.Processes;

/// <summary>The node is killed, or stopped, or its warden is: no program goes on.</summary>
public sealed class NothingOutlivesItsNode
{
    [Fact]
    public async Task A_killed_node_takes_everything_with_it()
    {
        var tag = NewTag();
        using var node = TestNode.Start(tag, lease: 20);
        await UntilAsync(() => Living(tag).Count >= 2 * StubbornTreeSize, "both trees are up");
        var warden = int.Parse((await node.StandardOutput.ReadLineAsync())!);
        Send(node.Id, Kill);
        await UntilAsync(() => Living(tag).Count == 0, "nothing is left");
        await UntilAsync(() => !ProcessTable.TryRead(warden, out _), "the warden is gone too");
    }

    [Fact]
    public async Task A_stopped_node_loses_its_programs_after_its_lease_is_told_so_and_goes_on()
    {
        var tag = NewTag();
        using var node = TestNode.Start(tag, lease: 1);
        await UntilAsync(() => Living(tag).Count >= 2 * StubbornTreeSize, "both trees are up");
        await node.StandardOutput.ReadLineAsync();
        Send(node.Id, Stop);
        await UntilAsync(() => Living(tag).Count == 0, "nothing is left");
        Send(node.Id, Continue);
        (await node.StandardOutput.ReadLineAsync()).ShouldBe("Silenced Silenced");
        (await node.StandardOutput.ReadLineAsync()).ShouldBe("again 0");
        await node.WaitForExitAsync();
    }

    [Fact]
    public async Task A_killed_warden_costs_its_programs_their_lives_and_is_replaced()
    {
        await using var warden = await StartAsync();
        var tag = NewTag();
        var runs = new[] { warden.RunAsync(StubbornTree(tag)), warden.RunAsync(StubbornTree(tag)) };
        await UntilAsync(() => Living(tag).Count >= 2 * StubbornTreeSize, "both trees are up");
        var first = warden.Pid;
        Send(first, Kill);
        foreach (var exit in await Task.WhenAll(runs))
        {
            (exit.Reason, exit.Left).ShouldBe((EndReason.WardenLost, 0));
        }
        Living(tag).ShouldBeEmpty();
        (await warden.RunAsync("exit 4")).ExitCode.ShouldBe(4);
        warden.Pid.ShouldNotBe(first);
    }

    [Fact]
    public async Task A_command_that_is_no_warden_is_an_error_not_a_wait()
    {
        var options = new WardenOptions { Command = new(["true"], ByHook: false) };
        (await Should.ThrowAsync<IOException>(Warden.StartAsync(options, TimeProvider.System))).Message.ShouldContain("does not lead to a warden");
        options = new WardenOptions { Command = new(["/no/such/warden"], ByHook: false) };
        (await Should.ThrowAsync<IOException>(Warden.StartAsync(options, TimeProvider.System))).Message.ShouldContain("/no/such/warden");
    }

    [Fact]
    public async Task Signals_meant_for_the_node_do_not_end_its_warden()
    {
        await using var warden = await StartAsync();
        foreach (var signal in new[] { 1, 2, 3, 15 })
        {
            Send(warden.Pid, signal);
        }
        var pid = warden.Pid;
        (await warden.RunAsync("exit 5")).ExitCode.ShouldBe(5);
        warden.Pid.ShouldBe(pid);
    }
}
