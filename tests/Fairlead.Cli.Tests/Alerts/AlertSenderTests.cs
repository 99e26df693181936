using Fairlead.Cli.Alerts;
using Fairlead.Cli.Configuration;
using Fairlead.Engine;
using Fairlead.Processes;

namespace Fairlead.Cli.Tests.Alerts;

/// <summary>Alerts that are posted to a real server, run real programs, and come in time that the test moves.</summary>
public sealed class AlertSenderTests : IDisposable
{
    private static readonly Alert s_slow = new(AlertKind.Slow, "prices/acme", "Job 7 is slow.");
    private readonly SteppedClock _clock = new();
    private readonly KeptLog _log = new();
    private readonly Workspace _here = new();

    [Fact]
    public async Task An_alert_is_posted_as_json()
    {
        await using var server = await AlertListener.StartAsync();
        await using (var sender = Sender(To(server)))
        {
            sender.Raise(s_slow);
        }

        server.Posted.ShouldHaveSingleItem().GetRawText().ShouldBe(
            """{"kind":"slow","key":"prices/acme","message":"Job 7 is slow.","at":"2026-01-01T00:00:00+00:00","node":"alpha"}""");
        server.ContentType.ShouldBe("application/json");
        _log.Lines.ShouldBeEmpty();
    }

    [Fact]
    public async Task The_same_is_told_again_only_after_15_minutes_and_with_how_often_it_came_meanwhile()
    {
        await using var server = await AlertListener.StartAsync();
        await using (var sender = Sender(To(server)))
        {
            sender.Raise(s_slow);
            sender.Raise(s_slow with { Key = "prices/other" });
            sender.Raise(s_slow with { Kind = AlertKind.Starved });
            sender.Raise(s_slow);
            // A post that is on its way would run into its own time limit.
            await Workspace.UntilAsync(() => server.Posted.Count == 3 && !_clock.Waits(TimeSpan.FromSeconds(10)), "all were told");
            _clock.Advance(TimeSpan.FromMinutes(14.9));
            sender.Raise(s_slow with { Message = "Job 8 is slow." });
            _clock.Advance(TimeSpan.FromMinutes(0.1));
            sender.Raise(s_slow with { Message = "Job 9 is slow." });
        }

        server.Posted.Count.ShouldBe(4);
        server.Posted.Last().GetProperty("message").GetString().ShouldBe("Job 9 is slow. (2 more since this was last told.)");
    }

    [Theory]
    [InlineData("Slow", "slow")]
    [InlineData("Starved", "starved")]
    [InlineData("Crashing", "crashing")]
    [InlineData("Quarantined", "quarantined")]
    [InlineData("DeadNode", "dead_node")]
    [InlineData("FailedBatch", "failed_batch")]
    public async Task Only_what_is_wanted_is_told(string name, string wire)
    {
        await using var server = await AlertListener.StartAsync();
        await using (var sender = Sender(To(server) with { On = Enum.Parse<AlertKinds>(name) }))
        {
            foreach (var kind in Enum.GetValues<AlertKind>())
            {
                sender.Wants(kind).ShouldBe(kind.ToString() == name);
                sender.Raise(s_slow with { Kind = kind });
            }
        }

        server.Posted.ShouldHaveSingleItem().GetProperty("kind").GetString().ShouldBe(wire);
    }

    [Fact]
    public async Task A_post_that_fails_is_tried_three_times_and_a_stretch_of_failures_is_said_once()
    {
        await using var server = await AlertListener.StartAsync();
        await using var sender = Sender(To(server));
        server.Answer(500);
        sender.Raise(s_slow);
        await ThreeTriesAsync(server, 0);
        sender.Raise(s_slow with { Key = "second" });
        await ThreeTriesAsync(server, 3);
        await Workspace.UntilAsync(() => sender.Untold == 2, "both were given up");

        _log.Lines.ShouldBe(["Alerts cannot be told: the URL of alerts answered 500, 3 times. Further ones that cannot are counted, and said when one is told again"]);

        server.Answer(204);
        sender.Raise(s_slow);
        await Workspace.UntilAsync(() => _log.Lines.Length == 2, "it is told again");
        _log.Lines[1].ShouldBe("Alerts are told again; 2 were not");
        server.Keys.ShouldBe(["prices/acme", "prices/acme", "prices/acme", "second", "second", "second", "prices/acme"]);
    }

    [Fact]
    public async Task A_server_that_does_not_answer_is_left_after_10_seconds_and_the_next_try_counts()
    {
        await using var server = await AlertListener.StartAsync();
        await using var sender = Sender(To(server));
        var never = new TaskCompletionSource();
        server.AnswerAfter(never.Task);
        sender.Raise(s_slow);
        await server.UntilPostedAsync(1);
        server.Answer(200);
        await AdvanceAsync(TimeSpan.FromSeconds(10));
        await AdvanceAsync(TimeSpan.FromSeconds(1));
        await server.UntilPostedAsync(2);

        sender.Raise(s_slow with { Key = "second" });
        await server.UntilPostedAsync(3);
        never.SetResult();
        (sender.Untold, _log.Lines.Length).ShouldBe((0, 0));
    }

    [Fact]
    public async Task No_failure_shows_the_url()
    {
        Uri url;
        await using (var server = await AlertListener.StartAsync())
        {
            url = server.Url;
            await using var redirected = Sender(To(server));
            server.Answer(307);
            redirected.Raise(s_slow);
            await ThreeTriesAsync(server, 0);
            await Workspace.UntilAsync(() => _log.Lines.Length == 1, "the redirect is said");
        }
        await using var sender = Sender(new AlertConfiguration { Url = url });
        sender.Raise(s_slow);
        await AdvanceAsync(TimeSpan.FromSeconds(1));
        await AdvanceAsync(TimeSpan.FromSeconds(4));
        await Workspace.UntilAsync(() => _log.Lines.Length == 3, "the refused connection is said");

        _log.Lines.Length.ShouldBe(3);
        _log.Lines[0].ShouldContain("answered 307 (redirects are not followed: name the address it redirects to), 3 times");
        _log.Lines[2].ShouldContain("could not be reached (ConnectionError), 3 times");
        _log.Lines.ShouldAllBe(line => !line.Contains(AlertListener.Token) && !line.Contains("127.0.0.1") && !line.Contains($"{url.Port}"));
    }

    [Fact]
    public async Task Of_more_than_100_that_wait_the_oldest_are_dropped_and_counted()
    {
        await using var server = await AlertListener.StartAsync();
        var open = new TaskCompletionSource();
        server.AnswerAfter(open.Task);
        await using (var sender = Sender(To(server)))
        {
            sender.Raise(s_slow with { Key = "in hand" });
            await server.UntilPostedAsync(1);
            for (var i = 0; i < 150; i++)
            {
                sender.Raise(s_slow with { Key = $"{i}" });
            }
            sender.Untold.ShouldBe(50);
            open.SetResult();
            await server.UntilPostedAsync(101);
        }

        server.Keys.ShouldBe(["in hand", .. Enumerable.Range(50, 100).Select(static i => $"{i}")]);
        _log.Lines.ShouldBe(["Alerts are told again; 50 were not"]);
    }

    [Fact]
    public async Task A_program_gets_it_on_its_standard_input()
    {
        _here.Script("page", "#!/bin/sh\necho \"$1 $FAIRLEAD_ALERT\" >> told\ncat >> told\n");
        await using (var warden = await StartWardenAsync())
        await using (var sender = Sender(Running("./page", "me"), warden))
        {
            sender.Raise(s_slow);
            await Workspace.UntilAsync(() => _here.CountLines("told") >= 2, "the program was run");
        }

        File.ReadAllLines(_here.File("told")).ShouldBe(
            ["me slow", """{"kind":"slow","key":"prices/acme","message":"Job 7 is slow.","at":"2026-01-01T00:00:00+00:00","node":"alpha"}"""]);
        _log.Lines.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_program_that_fails_is_said_without_its_arguments()
    {
        _here.Script("page", "#!/bin/sh\nexit 3\n");
        await using var warden = await StartWardenAsync();
        await using (var sender = Sender(Running("./page", AlertListener.Token), warden))
        {
            sender.Raise(s_slow);
            await Workspace.UntilAsync(() => sender.Untold == 1, "it failed");
            sender.Obey(Running("./nowhere", AlertListener.Token));
            sender.Raise(s_slow);
            await Workspace.UntilAsync(() => sender.Untold == 2, "it was not found");
        }
        await using (var sender = Sender(Running("./nowhere", AlertListener.Token), warden))
        {
            sender.Raise(s_slow);
            await Workspace.UntilAsync(() => _log.Lines.Length == 3, "it was not found");
        }

        _log.Lines[0].ShouldContain("the program of alerts (./page) ended with exit code 3");
        _log.Lines[1].ShouldBe("The node ends, and 2 alerts were not told");
        _log.Lines[2].ShouldContain("the program of alerts (./nowhere) could not be started: ");
        _log.Lines.ShouldAllBe(line => !line.Contains(AlertListener.Token));
    }

    [Fact]
    public async Task A_file_that_was_read_again_tells_others()
    {
        await using var first = await AlertListener.StartAsync();
        await using var second = await AlertListener.StartAsync();
        await using (var sender = Sender(To(first)))
        {
            sender.Raise(s_slow);
            await first.UntilPostedAsync(1);
            sender.Obey(null);
            sender.Wants(AlertKind.Slow).ShouldBeFalse();
            sender.Raise(s_slow with { Key = "unheard" });
            sender.Obey(To(second));
            sender.Raise(s_slow with { Key = "later" });
        }

        first.Keys.ShouldBe(["prices/acme"]);
        second.Keys.ShouldBe(["later"]);
    }

    [Fact]
    public async Task Its_end_waits_five_seconds_for_what_could_not_be_told_yet()
    {
        await using var server = await AlertListener.StartAsync();
        server.AnswerAfter(new TaskCompletionSource().Task.WaitAsync(Workspace.Patience));
        var sender = Sender(To(server));
        sender.Raise(s_slow);
        sender.Raise(s_slow with { Key = "second" });
        await server.UntilPostedAsync(1);

        var end = sender.DisposeAsync();
        end.IsCompleted.ShouldBeFalse();
        await AdvanceAsync(TimeSpan.FromSeconds(5));
        await end.AsTask().WaitAsync(Workspace.Patience);

        server.Keys.ShouldBe(["prices/acme"]);
        _log.Lines.ShouldBe(["The node ends, and 2 alerts were not told"]);
    }

    public void Dispose() => _here.Dispose();

    private AlertSender Sender(AlertConfiguration configuration, IProcessHost? host = null) => new(configuration, host ?? new NoPrograms(), _clock, "alpha", _log);

    private static AlertConfiguration To(AlertListener server) => new() { Url = server.Url };

    private AlertConfiguration Running(params string[] program) => new() { Run = program, Directory = _here.Folder };

    private static Task<Warden> StartWardenAsync() => Warden.StartAsync(
        new WardenOptions { Command = new WardenCommand([Path.Combine(AppContext.BaseDirectory, "Fairlead.Cli"), WardenProgram.Verb], ByHook: false) }, TimeProvider.System);

    /// <summary>Waits until something waits exactly so long, and lets that time pass.</summary>
    private async Task AdvanceAsync(TimeSpan time)
    {
        await Workspace.UntilAsync(() => _clock.Waits(time), $"something waits for {time}");
        _clock.Advance(time);
    }

    private async Task ThreeTriesAsync(AlertListener server, int before)
    {
        await server.UntilPostedAsync(before + 1);
        await AdvanceAsync(TimeSpan.FromSeconds(1));
        await server.UntilPostedAsync(before + 2);
        await AdvanceAsync(TimeSpan.FromSeconds(4));
        await server.UntilPostedAsync(before + 3);
    }

    private sealed class NoPrograms : IProcessHost
    {
        public IHostedProcess Start(ProcessSpec spec, IProcessOutput output) => throw new InvalidOperationException("Alerts that are posted run nothing.");

        public IReadOnlyDictionary<int, long> MemoryOf(IReadOnlyCollection<int> pids) => throw new InvalidOperationException("Alerts look at no memory.");
    }
}
