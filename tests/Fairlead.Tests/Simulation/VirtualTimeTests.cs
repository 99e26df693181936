using System.Diagnostics;
using Fairlead.Simulation;

namespace Fairlead.Tests.Simulation;

public sealed class VirtualTimeTests
{
    private readonly VirtualTime _time = new();
    private readonly List<string> _seen = [];

    private void Note(string what) => _seen.Add($"{(_time.Now - new VirtualTime().Now).TotalSeconds:0.###} {what}");

    [Fact]
    public void A_delay_takes_its_time_and_no_more()
    {
        var real = Stopwatch.StartNew();
        _time.Run(async () =>
        {
            await Task.Delay(TimeSpan.FromDays(30), _time);
            Note("done");
        });
        _seen.ShouldBe(["2592000 done"]);
        real.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(10));
    }

    [Fact]
    public void Timers_fire_by_time_then_by_creation()
    {
        _time.Run(async () => await Task.WhenAll(After(3, "c"), After(1, "a"), After(1, "b"), After(2, "x")));
        _seen.ShouldBe(["1 a", "1 b", "2 x", "3 c"]);
    }

    private async Task After(int seconds, string what)
    {
        await Task.Delay(TimeSpan.FromSeconds(seconds), _time);
        Note(what);
    }

    [Fact]
    public void A_cancelled_delay_ends_at_once()
    {
        _time.Run(async () =>
        {
            using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(5), _time);
            await Should.ThrowAsync<OperationCanceledException>(Task.Delay(TimeSpan.FromHours(1), _time, stop.Token));
            Note("cancelled");
        });
        _seen.ShouldBe(["5 cancelled"]);
        _time.PendingTimers.ShouldBe(0);
    }

    [Fact]
    public void Completion_sources_come_back_to_the_scheduler()
    {
        var threads = new HashSet<int>();
        _time.Run(async () =>
        {
            var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var waiter = Task.Factory.StartNew(async () =>
            {
                await gate.Task;
                threads.Add(Environment.CurrentManagedThreadId);
                TaskScheduler.Current.ShouldBe(_time.Scheduler);
            }, default, TaskCreationOptions.None, _time.Scheduler).Unwrap();
            await Task.Delay(1000, _time, default);
            gate.SetResult();
            await waiter;
            threads.Add(Environment.CurrentManagedThreadId);
        });
        threads.ShouldBe([Environment.CurrentManagedThreadId]);
    }

    [Fact]
    public void A_periodic_timer_keeps_its_period()
    {
        using var timer = _time.CreateTimer(_ => Note("tick"), null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2));
        _time.RunFor(TimeSpan.FromSeconds(6));
        _seen.ShouldBe(["1 tick", "3 tick", "5 tick"]);
        _time.Now.ShouldBe(new VirtualTime().Now.AddSeconds(6));
    }

    [Fact]
    public void Callbacks_of_timers_run_on_the_scheduler()
    {
        TaskScheduler? seen = null;
        using var timer = _time.CreateTimer(_ => seen = TaskScheduler.Current, null, TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan);
        _time.RunFor(TimeSpan.FromSeconds(2));
        seen.ShouldBe(_time.Scheduler);
    }

    [Fact]
    public void RunUntil_says_whether_it_was_met()
    {
        _ = _time.StartAsync(() => After(10, "ten"));
        _time.RunUntil(() => _seen.Count > 0, TimeSpan.FromSeconds(9)).ShouldBeFalse();
        _time.RunUntil(() => _seen.Count > 0, TimeSpan.FromSeconds(9)).ShouldBeTrue();
        _seen.ShouldBe(["10 ten"]);
    }

    [Fact]
    public void An_exception_comes_out() =>
        Should.Throw<FormatException>(() => _time.Run(async () =>
        {
            await Task.Delay(1000, _time, default);
            throw new FormatException();
        }));

    [Fact]
    public void Waiting_for_nothing_is_an_error() =>
        Should.Throw<InvalidOperationException>(() => _time.Run(() => new TaskCompletionSource().Task)).Message.ShouldContain("still waits");

    [Fact]
    public void ConfigureAwait_false_is_found() =>
        Should.Throw<InvalidOperationException>(() => _time.Run(async () =>
        {
            await Task.Delay(1000, _time, default).ConfigureAwait(false);
            await Task.Delay(1000, _time, default);
        })).Message.ShouldContain("foreign thread");

    [Fact]
    public void Task_Run_is_found() =>
        Should.Throw<InvalidOperationException>(() => _time.Run(async () =>
        {
            using var gate = new ManualResetEventSlim();
            var away = Task.Run(gate.Wait);
            _ = _time.StartAsync(() =>
            {
                gate.Set();
                return Task.CompletedTask;
            });
            await away;
        })).Message.ShouldContain("foreign thread");

    [Fact]
    public void Equal_runs_take_equal_steps()
    {
        static long Run()
        {
            var time = new VirtualTime();
            var random = new Random(5);
            time.Run(async () => await Task.WhenAll(Enumerable.Range(0, 50).Select(async _ =>
            {
                for (var i = 0; i < 20; i++)
                {
                    await Task.Delay(random.Next(1, 1000), time, default);
                }
            })));
            return time.Steps + time.Now.Ticks;
        }
        Run().ShouldBe(Run());
    }
}

internal static class VirtualDelay
{
    extension(Task)
    {
        public static Task Delay(int milliseconds, TimeProvider time, CancellationToken stop) => Task.Delay(TimeSpan.FromMilliseconds(milliseconds), time, stop);
    }
}
