using Fairlead.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Fairlead.Tests.Engine;

/// <summary>What a node says by itself when something is wrong, on the real engine in virtual time.</summary>
public sealed class AlarmTests
{
    [Fact]
    public async Task Work_that_waits_for_slots_that_never_come_free_is_said_once_with_who_holds_them()
    {
        var log = new KeptLog();
        await using var harness = Harness(log, f => f
            .RunWorkers(o => o.Concurrency = 2)
            .AddJob("hang", async (Work _, TimeProvider time, CancellationToken token) => await Task.Delay(TimeSpan.FromMinutes(10), time, token)));
        await harness.Jobs.EnqueueManyAsync(Enumerable.Range(0, 3).Select(i => new Work(i)), new JobOptions { Group = "slow.example" });

        await harness.RunForAsync(TimeSpan.FromSeconds(55));
        log.With("come free").ShouldBeEmpty();
        await harness.RunForAsync(TimeSpan.FromMinutes(8));

        var said = log.With("come free").ShouldHaveSingleItem();
        said.ShouldContain("its 2 attempts hold them");
        said.ShouldContain("job 1 of group slow.example for 6");
    }

    [Fact]
    public async Task A_node_that_is_merely_busy_says_nothing()
    {
        var log = new KeptLog();
        await using var harness = Harness(log, f => f
            .RunWorkers(o => o.Concurrency = 2)
            .AddJob("work", async (Work _, TimeProvider time, CancellationToken token) => await Task.Delay(TimeSpan.FromSeconds(30), time, token)));
        await harness.Jobs.EnqueueManyAsync(Enumerable.Range(0, 40).Select(i => new Work(i)));

        await harness.RunUntilIdleAsync();

        log.With("come free").ShouldBeEmpty();
    }

    [Fact]
    public async Task A_queue_most_of_whose_groups_fail_is_said_to_be_paused_and_when_it_is_well_again()
    {
        var (log, broken) = (new KeptLog(), true);
        await using var harness = Harness(log, f => f
            .AddQueue("default", q => { q.Retries = 50; q.Breaker = new BreakerPolicy { Failures = 2, OpenFor = TimeSpan.FromSeconds(30) }; })
            .AddJob("work", (Work _) => { if (broken) { throw new InvalidOperationException("no network"); } }));
        foreach (var group in Enumerable.Range(0, 6))
        {
            await harness.Jobs.EnqueueManyAsync(Enumerable.Range(0, 3).Select(i => new Work(i)), new JobOptions { Group = $"g{group}" });
        }

        await harness.RunForAsync(TimeSpan.FromMinutes(2));
        log.With("Queue default is paused").ShouldHaveSingleItem();
        broken = false;
        await harness.RunUntilIdleAsync();
        await harness.RunForAsync(TimeSpan.FromSeconds(10));

        log.With("Queue default is well again").ShouldHaveSingleItem();
    }

    private static FairleadHarness Harness(KeptLog log, Action<FairleadBuilder> configure) =>
        new(configure, services => services.AddSingleton<ILoggerProvider>(log));

    public sealed record Work(int Number);

    private sealed class KeptLog : ILoggerProvider, ILogger
    {
        private readonly List<string> _lines = [];

        public List<string> With(string text) => _lines.FindAll(line => line.Contains(text, StringComparison.Ordinal));

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            _lines.Add(formatter(state, exception));

        public void Dispose()
        {
            // Nothing is held.
        }
    }
}
