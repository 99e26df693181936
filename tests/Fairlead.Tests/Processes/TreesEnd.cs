using Fairlead.Processes;
using static Fairlead.Tests.Processes.WardenHarness;

namespace Fairlead.Tests.Processes;

/// <summary>A job's whole tree ends with it, on every rung of the ladder, and nobody else's does.</summary>
public sealed class TreesEnd
{
    [Theory]
    [InlineData(nameof(Rung.Best))]
    [InlineData(nameof(Rung.Cgroup))]
    [InlineData(nameof(Rung.Mark))]
    public async Task A_stubborn_tree_is_dead_in_time_and_its_neighbour_untouched(string rung)
    {
        await using var warden = await StartOnAsync(rung);
        var (ours, neighbours) = (NewTag(), NewTag());
        using var stop = new CancellationTokenSource();
        var neighbour = warden.RunAsync(Shell(StubbornTree(neighbours), killAfter: 0.2), new Recorder(), stop.Token);
        await UntilAsync(() => Living(neighbours).Count >= StubbornTreeSize, "the neighbour is up");

        var exit = await warden.RunAsync(Shell(StubbornTree(ours), TimeSpan.FromSeconds(1), killAfter: 0.5), new Recorder(), default);

        Living(ours).ShouldBeEmpty();
        exit.Reason.ShouldBe(EndReason.TimedOut);
        exit.TermAfter!.Value.TotalSeconds.ShouldBeGreaterThanOrEqualTo(1);
        exit.KillAfter!.Value.TotalSeconds.ShouldBeGreaterThanOrEqualTo(1.5);
        // A loaded machine may be late with everything, but not by the second that the promise allows for the killing itself.
        (exit.Elapsed - exit.KillAfter.Value).TotalSeconds.ShouldBeLessThan(1);
        exit.Killed.ShouldBeGreaterThanOrEqualTo(StubbornTreeSize);
        Living(neighbours).Count.ShouldBeGreaterThanOrEqualTo(StubbornTreeSize);

        await stop.CancelAsync();
        (await neighbour).Reason.ShouldBe(EndReason.Stopped);
        Living(neighbours).ShouldBeEmpty();
    }

    [Fact]
    public async Task By_parents_and_environment_alone_a_tree_ends_with_the_last_job_that_may_own_it()
    {
        await using var warden = await StartOnAsync(Rung.Tree);
        var (ours, neighbours) = (NewTag(), NewTag());
        using var stop = new CancellationTokenSource();
        var neighbour = warden.RunAsync(Shell(StubbornTree(neighbours), killAfter: 0.1), new Recorder(), stop.Token);
        await UntilAsync(() => Living(neighbours).Count >= StubbornTreeSize, "the neighbour is up");

        await warden.RunAsync(Shell(StubbornTree(ours), TimeSpan.FromSeconds(0.5), killAfter: 0.1), new Recorder(), default);
        Living(neighbours).Count.ShouldBeGreaterThanOrEqualTo(StubbornTreeSize);
        await stop.CancelAsync();
        await neighbour;

        await UntilAsync(() => Living(ours).Count + Living(neighbours).Count == 0, "nothing is left");
    }

    [Fact]
    public async Task By_process_group_alone_all_that_stay_in_it_end()
    {
        await using var warden = await StartOnAsync(Rung.Group);
        var tag = NewTag();
        var exit = await warden.RunAsync(Shell($"trap '' TERM; sleep {tag} & (sleep {tag} &); sleep {tag}", TimeSpan.FromSeconds(0.3), 0.1), new Recorder(), default);
        exit.Reason.ShouldBe(EndReason.TimedOut);
        await UntilAsync(() => Living(tag).Count == 0, "nothing is left");
    }

    [Theory]
    [InlineData(nameof(Rung.Best))]
    [InlineData(nameof(Rung.Mark))]
    public async Task What_a_finished_job_leaves_behind_is_ended_with_it(string rung)
    {
        await using var warden = await StartOnAsync(rung);
        var (ours, neighbours) = (NewTag(), NewTag());
        using var stop = new CancellationTokenSource();
        var neighbour = warden.RunAsync(Shell(StubbornTree(neighbours), killAfter: 0.1), new Recorder(), stop.Token);
        await UntilAsync(() => Living(neighbours).Count >= StubbornTreeSize, "the neighbour is up");
        var exit = await warden.RunAsync($"(sleep {ours}) & env -i setsid sh -c '(sleep {ours} &)'; exit 0");
        (exit.Reason, exit.ExitCode).ShouldBe((EndReason.Exited, 0));
        exit.Killed.ShouldBeGreaterThanOrEqualTo(2);
        Living(ours).ShouldBeEmpty();
        Living(neighbours).Count.ShouldBeGreaterThanOrEqualTo(StubbornTreeSize);
        await stop.CancelAsync();
        await neighbour;
    }

    [Theory]
    [InlineData(nameof(Rung.Best))]
    [InlineData(nameof(Rung.Mark))]
    public async Task Racing_forks_are_ended_completely(string rung)
    {
        await using var warden = await StartOnAsync(rung);
        var tag = NewTag();
        // Two hundred that stay, and five that hand over to a child in a new session and leave, as fast as they can.
        var comet = $"(setsid sh -c \"$0\" \"$0\" {tag}) & exit";
        var script = $"comet='{comet}'; i=0; while [ $i -lt 200 ]; do sleep {tag} & i=$((i+1)); done; "
            + "i=0; while [ $i -lt 5 ]; do setsid sh -c \"$comet\" \"$comet\" & i=$((i+1)); done; "
            + $"sleep {tag}";
        var exit = await warden.RunAsync(Shell(script, TimeSpan.FromSeconds(1.5), killAfter: 0.1), new Recorder(), default);
        exit.Reason.ShouldBe(EndReason.TimedOut);
        exit.Left.ShouldBe(0);
        // Two looks apart in time: a survivor of this kind could slip through one.
        Living(tag).ShouldBeEmpty();
        await warden.RunAsync("sleep 0.1");
        Living(tag).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_mark_taken_off_on_purpose_saves_nobody()
    {
        await using var warden = await StartOnAsync(Rung.Mark);
        var tag = NewTag();
        await warden.RunAsync($"ulimit -S -x unlimited 2>/dev/null || exit 9; env -i setsid sh -c '(sleep {tag} &)'; sleep 0.2");
        await UntilAsync(() => Living(tag).Count == 0, "nothing is left");
    }

    [Fact]
    public async Task A_shell_that_dies_of_SIGTERM_leaves_its_program_the_grace_to_end_well()
    {
        await using var warden = await StartOnAsync(Rung.Best);
        var recorder = new Recorder();
        var script = "sh -c 'trap \"sleep 0.3; echo saved; exit 0\" TERM; while :; do sleep 0.05; done'; true";
        var exit = await warden.RunAsync(Shell(script, TimeSpan.FromSeconds(0.5), killAfter: 5), recorder, default);
        exit.Reason.ShouldBe(EndReason.TimedOut);
        recorder.Output.ShouldBe("saved\n");
        exit.Elapsed.TotalSeconds.ShouldBeLessThan(4);
    }

    [Fact]
    public async Task Stopping_climbs_from_SIGTERM_to_SIGKILL()
    {
        await using var warden = await StartOnAsync(Rung.Best);
        foreach (var (script, signal, term) in new[] { ("echo up; sleep 600", 15, true), ("trap '' TERM; echo up; sleep 600", 9, true) })
        {
            using var stop = new CancellationTokenSource();
            var recorder = new Recorder();
            var run = warden.RunAsync(Shell(script, killAfter: 0.2), recorder, stop.Token);
            await UntilAsync(() => recorder.Output.Contains("up"), "it is up");
            await stop.CancelAsync();
            var exit = await run;
            (exit.Reason, exit.Signal, exit.TermAfter is not null).ShouldBe((EndReason.Stopped, signal, term));
        }
    }

    /// <summary>Where this machine does not have a rung, it has to say why, and what it uses instead has to hold all the same.</summary>
    private static Task<Warden> StartOnAsync(string rung) => StartOnAsync(Enum.Parse<Rung>(rung));

    private static async Task<Warden> StartOnAsync(Rung rung)
    {
        var warden = await StartAsync(rung);
        if (rung != Rung.Best && warden.Containment.Rung != rung)
        {
            warden.Containment.Detail.ShouldNotBeNullOrWhiteSpace();
        }
        return warden;
    }
}
