using System.Text.Json;
using Fairlead.Engine;
using Fairlead.Processes;
using Fairlead.Processes.Pools;
using Fairlead.Storage;
using Fairlead.Testing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.OwnProcess.Tests;

/// <summary>What time means for a process of the node's own program: it does not count before it is ready, nor while it waits for permits that it gets itself.</summary>
public sealed class PoolTimeTests
{
    private readonly ManualClock _clock = new();
    private readonly MadeUpProcess _process = new();
    private int _begun;

    [Fact]
    public async Task A_turn_begins_when_the_process_is_ready()
    {
        var pool = Pool();
        var running = pool.RunAsync(Attempt(TimeSpan.FromSeconds(10)), default);
        var line = JsonDocument.Parse(_process.Input.ToString()).RootElement;
        (line.GetProperty("job").GetInt64(), line.GetProperty("node").GetInt64(), line.GetProperty("parent").GetInt64()).ShouldBe((1, 7, 3));

        _clock.Advance(TimeSpan.FromSeconds(30));
        pool.Tend();
        (_begun, _process.Deadline).ShouldBe((0, null));

        _process.Says("""{"ready":true}""");
        _begun.ShouldBe(1);
        _clock.Advance(TimeSpan.FromSeconds(4));
        pool.Tend();
        _process.Deadline.ShouldBe(TimeSpan.FromSeconds(6));
        _process.Says("""{"done":1}""");
        (await running).ShouldBeOfType<WorkResult.Completed>();
    }

    [Fact]
    public async Task A_process_that_does_not_come_to_its_jobs_is_ended_and_costs_no_attempt()
    {
        var pool = Pool();
        var running = pool.RunAsync(Attempt(TimeSpan.FromSeconds(10)), default);
        _clock.Advance(TimeSpan.FromSeconds(59));
        pool.Tend().ShouldBe(TimeSpan.FromSeconds(1));
        _process.IsStopped.ShouldBeFalse();
        _clock.Advance(TimeSpan.FromSeconds(1));
        pool.Tend();
        _process.IsStopped.ShouldBeTrue();

        _process.Ends(new ProcessExit { Reason = EndReason.Stopped, Message = "" });
        (await running).ShouldBeOfType<WorkResult.NotBegun>().Reason.ShouldBe("It did not come to its jobs within 60 s of its start.");
        pool.Report().LastError.ShouldBe("It did not come to its jobs within 60 s of its start.");
    }

    [Fact]
    public async Task A_wait_for_permits_moves_the_deadline_and_is_bounded_itself()
    {
        var pool = Pool();
        var running = pool.RunAsync(Attempt(TimeSpan.FromSeconds(10)), default);
        _process.Says("""{"ready":true}""");
        After(1, pool).ShouldBe(9);
        _process.Says("""{"waits":1}""");
        After(1, pool).ShouldBe(9 + 3);
        _process.Says("""{"works":1}""");
        _process.Deadline.ShouldBe(TimeSpan.FromSeconds(9));

        // It never says that it waits no more: its parent ends it, and that is its job's timeout.
        _process.Says("""{"waits":1}""");
        _process.Says("""{"waits":1}""");
        _process.Deadline.ShouldBe(TimeSpan.FromSeconds(9 + 3));
        _process.Ends(new ProcessExit { Reason = EndReason.TimedOut });
        (await running).ShouldBeOfType<WorkResult.TimedOut>();
    }

    [Fact]
    public void Other_programs_cannot_stop_the_clock_by_saying_so()
    {
        var pool = Pool(ofThisProgram: false);
        _ = pool.RunAsync(Attempt(TimeSpan.FromSeconds(10)), default);
        _begun.ShouldBe(1);
        After(1, pool).ShouldBe(9);
        _process.Says("""{"waits":1}""");
        After(5, pool).ShouldBe(9);
    }

    private double? After(double seconds, StreamPool pool)
    {
        _clock.Advance(TimeSpan.FromSeconds(seconds));
        pool.Tend();
        return _process.Deadline?.TotalSeconds;
    }

    private StreamPool Pool(bool ofThisProgram = true)
    {
        var standing = new NodeStanding(_clock);
        standing.Joined(new NodeLease(new NodeId(7), _clock.Now), TimeSpan.FromSeconds(8));
        var setup = new PoolSetup { Host = _process, Ids = new WorkerIds(_clock, () => "7"), Time = _clock, Logger = NullLogger.Instance };
        var options = new PoolOptions
        {
            Run = ["program"], Protocol = PoolProtocol.Stream, MaxPerNode = 1,
            ToOwnProgram = ofThisProgram ? (line, attempt) => Fairlead.Processes.OwnProcess.HostLine.WriteExtras(line, attempt.Job, standing) : null,
        };
        return new StreamPool(setup, options, new QueueDefinition { Name = "own" });
    }

    private Attempt Attempt(TimeSpan timeout) => new()
    {
        Job = new ClaimedJob
        {
            Key = new(new JobId(1), 5), Queue = "own", Kind = new("noop"), Payload = "{}"u8.ToArray(), Attempt = 1, Parent = new JobId(3), Deadline = _clock.Now + TimeSpan.FromDays(7), ReadyAt = _clock.Now,
        },
        Queue = new QueueDefinition { Name = "own" },
        Log = new NoLog(),
        Timeout = timeout,
        Turn = () => ++_begun > 0,
    };

    private sealed class NoLog : IAttemptLog
    {
        public void Write(LogLevel level, string message)
        {
            // Nobody reads it.
        }
    }
}
