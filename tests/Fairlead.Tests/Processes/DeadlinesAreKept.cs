using Fairlead.Processes;
using static Fairlead.Tests.Processes.WardenHarness;

namespace Fairlead.Tests.Processes;

/// <summary>A deadline is kept by the warden, whatever the node is busy with.</summary>
public sealed class DeadlinesAreKept : IAsyncLifetime
{
    private static readonly TimeSpan s_soon = TimeSpan.FromSeconds(0.2);
    private static readonly TimeSpan s_longest = TimeSpan.FromMinutes(10);
    private Warden _warden = null!;

    public async ValueTask InitializeAsync() => _warden = await StartAsync();

    public ValueTask DisposeAsync() => _warden.DisposeAsync();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task SIGTERM_comes_then_and_SIGKILL_to_the_tree_so_much_later(bool isConversation)
    {
        var tag = NewTag();
        var process = Start($"trap '' TERM; (sleep {tag}) & sleep {tag}", isConversation);
        await UntilAsync(() => Living(tag).Count == 3, "it is up");
        process.SetDeadline(s_soon, s_soon);
        var exit = await process.Exit;
        (exit.Reason, exit.Signal, exit.Left).ShouldBe((EndReason.TimedOut, 9, 0));
        exit.TermAfter!.Value.ShouldBeGreaterThanOrEqualTo(s_soon);
        (exit.KillAfter!.Value - exit.TermAfter.Value).ShouldBeGreaterThanOrEqualTo(s_soon);
        Living(tag).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_node_that_is_busy_does_not_keep_a_deadline_from_coming()
    {
        using var busy = new ManualResetEventSlim();
        var (hung, blocker) = (Start("sleep 600"), new Listener { OnOutput = _ => busy.Wait() });
        hung.SetDeadline(s_soon, s_soon);
        // The thread that hears the warden is held up from here on.
        var loud = _warden.Start(Talkers.Shell("echo hold; sleep 600"), blocker);
        await UntilAsync(() => blocker.Length > 0, "the node is busy");
        await UntilAsync(() => !ProcessTable.TryRead(hung.Pid, out _), "it is ended");
        hung.Exit.IsCompleted.ShouldBeFalse();
        busy.Set();
        (await hung.Exit).Reason.ShouldBe(EndReason.TimedOut);
        loud.Stop();
        await loud.Exit;
    }

    [Fact]
    public async Task The_last_deadline_counts()
    {
        var (sooner, later) = (Start("sleep 600", timeout: s_longest), Start("sleep 600", timeout: s_longest));
        sooner.SetDeadline(s_soon, s_soon);
        later.SetDeadline(s_soon, s_soon);
        later.SetDeadline(2 * s_soon, s_soon);
        (await sooner.Exit).Reason.ShouldBe(EndReason.TimedOut);
        var exit = await later.Exit;
        exit.Reason.ShouldBe(EndReason.TimedOut);
        exit.TermAfter!.Value.ShouldBeGreaterThanOrEqualTo(2 * s_soon);
    }

    [Fact]
    public async Task A_lifted_deadline_does_not_come_and_one_after_SIGTERM_changes_nothing()
    {
        var (freed, witness) = (Start("sleep 600", timeout: 2 * s_soon), Start("sleep 600"));
        freed.SetDeadline(null, TimeSpan.Zero);
        witness.SetDeadline(3 * s_soon, s_soon);
        (await witness.Exit).Reason.ShouldBe(EndReason.TimedOut);
        freed.Exit.IsCompleted.ShouldBeFalse();
        freed.Stop();
        freed.SetDeadline(s_longest, s_longest);
        var exit = await freed.Exit;
        (exit.Reason, exit.Signal).ShouldBe((EndReason.Stopped, 15));
    }

    [Fact]
    public async Task SIGTERM_once_sent_is_not_taken_back()
    {
        var listener = new Listener();
        var process = _warden.Start(Talkers.Shell("trap 'echo termed' TERM; echo up; while :; do sleep 0.02; done"), listener);
        await UntilAsync(() => listener.Text == "up\n", "it runs");
        process.SetDeadline(TimeSpan.Zero, s_soon);
        await UntilAsync(() => listener.Text.Contains("termed"), "SIGTERM is there");
        process.SetDeadline(null, s_longest);
        var exit = await process.Exit;
        (exit.Reason, exit.Signal).ShouldBe((EndReason.TimedOut, 9));
    }

    private IHostedProcess Start(string script, bool isConversation = true, TimeSpan? timeout = null) =>
        _warden.Start(Talkers.Shell(script) with { IsConversation = isConversation, Timeout = timeout }, new Listener());
}
