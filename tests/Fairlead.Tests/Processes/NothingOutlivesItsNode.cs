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

    [Theory]
    [InlineData(nameof(Rung.Best))]
    [InlineData(nameof(Rung.Tree))]
    public async Task What_a_node_leaves_that_is_killed_together_with_its_warden_the_next_one_ends(string rung)
    {
        var (tag, bystander) = (NewTag(), NewTag());
        using var node = TestNode.Start(tag, lease: 20, rung);
        using var living = TestNode.Start(bystander, lease: 20, rung);
        await UntilAsync(() => Living(tag).Count >= 2 * StubbornTreeSize, "both trees are up");
        await UntilAsync(() => Living(bystander).Count >= 2 * StubbornTreeSize, "the bystander's are too");
        var warden = int.Parse((await node.StandardOutput.ReadLineAsync())!);
        // Stopped first: it is not to see that its node is gone.
        Send(warden, Stop);
        Send(node.Id, Kill);
        Send(warden, Kill);
        await node.WaitForExitAsync();
        await using var next = await StartAsync(Enum.Parse<Rung>(rung));
        // What has shed its environment too cannot be told from anybody's where there is no other mark.
        var lost = rung == nameof(Rung.Tree) ? 2 : 0;
        await UntilAsync(() => Living(tag).Count <= lost, "nothing is left", seconds: 2);
        Living(bystander).Count.ShouldBeGreaterThanOrEqualTo(2 * StubbornTreeSize);
        Living(tag).ForEach(pid => Send(pid, Kill));
        Send(living.Id, Kill);
        await UntilAsync(() => Living(bystander).Count == 0, "the bystander's warden ends its own");
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
