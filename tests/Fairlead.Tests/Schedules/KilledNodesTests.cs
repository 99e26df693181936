using Fairlead.Engine;
using Fairlead.Policies;
using Fairlead.Schedules;
using Fairlead.Simulation;
using Fairlead.Storage;
using Fairlead.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Tests.Schedules;

/// <summary>Nodes that are killed while they start rounds, at a store whose calls fail, or whose answers are lost: every time is started exactly once, and in time.</summary>
public sealed class KilledNodesTests(ITestOutputHelper output)
{
    private const int Kills = 100;

    [Fact]
    public void Every_due_time_is_started_exactly_once_and_in_time_though_the_node_that_starts_it_is_killed_100_times()
    {
        var scene = new Scene(seed: 1);
        var began = scene.Time.Now;
        while (scene.Killed < Kills)
        {
            scene.Time.RunFor(TimeSpan.FromSeconds(10));
        }
        scene.Quiet = true;
        scene.Time.RunFor(TimeSpan.FromSeconds(10));

        foreach (var definition in Scene.Definitions)
        {
            var started = scene.Starts.Where(start => start.Schedule == definition.Name).ToList();
            var expected = Times(definition.When, began, scene.Time.Now);
            started.Select(static start => start.Due).ShouldBe(expected);
        }
        scene.Starts.ShouldAllBe(static start => start.Late >= TimeSpan.Zero && start.Late <= TimeSpan.FromMilliseconds(50));
        scene.Time.Run(async () => await scene.Memory.ListSchedulesAsync()).ShouldAllBe(schedule => schedule.State.Skipped == 0 && schedule.State.Missed == 0);
        output.WriteLine($"{scene.Killed} kills ({scene.KilledBefore} before the write, {scene.Killed - scene.KilledBefore} after it), {scene.Faults} failed calls, {scene.Starts.Count} rounds, latest {scene.Starts.Max(static start => start.Late).TotalMilliseconds:0} ms");
    }

    private static IEnumerable<DateTimeOffset> Times(Recurrence when, DateTimeOffset since, DateTimeOffset until)
    {
        for (var next = when.Next(since.AddTicks(-1), since); next <= until; next = when.Next(next.Value, since))
        {
            yield return next.Value;
        }
    }

    private sealed record Started(string Schedule, DateTimeOffset Due, TimeSpan Late);

    private sealed class Scene
    {
        private const int Nodes = 3;
        private readonly Random _chance;
        private readonly Node[] _nodes = new Node[Nodes];
        private readonly bool[] _alive = new bool[Nodes];
        private int _lastName;

        public Scene(int seed)
        {
            _chance = new Random(seed);
            Memory = new InMemoryJobStore(Time);
            for (var place = 0; place < Nodes; place++)
            {
                var at = place;
                Time.Run(() => StartAsync(at));
            }
        }

        public static ScheduleDefinition[] Definitions { get; } =
        [
            Every("second", Schedule.Every(TimeSpan.FromSeconds(1))),
            Every("seven", Schedule.Every(TimeSpan.FromSeconds(7))),
            Every("minute", Schedule.Cron("* * * * *")),
        ];

        public VirtualTime Time { get; } = new();

        public InMemoryJobStore Memory { get; }

        public List<Started> Starts { get; } = [];

        public int Killed { get; private set; }

        public int KilledBefore { get; private set; }

        public int Faults { get; private set; }

        public bool Quiet { get; set; }

        private static ScheduleDefinition Every(string name, Recurrence when) => new()
        {
            Name = name,
            When = when,
            Round = new NewJob { Queue = "rounds", Kind = new JobKind("round") },
            Overlap = ScheduleOverlap.Allow,
        };

        private Task StartAsync(int place)
        {
            var settings = new NodeSettings
            {
                Name = $"node {++_lastName}", Slots = 4, Queues = [new(new QueueDefinition { Name = "rounds" }, [new JobKind("round")])],
                Schedules = [.. Definitions.Select(static definition => new ScheduledWork(definition))],
                Worker = new Instant(), Time = Time, Random = new Random(_lastName), Loops = Time.Scheduler, Work = Time.Scheduler,
            };
            var node = _nodes[place] = new Node(new Troubled(this, place), settings, NullLoggerFactory.Instance);
            _alive[place] = true;
            return node.StartAsync(CancellationToken.None);
        }

        /// <summary>Somebody stays alive: nothing is promised while nobody is.</summary>
        private bool MayKill(int place) => !Quiet && Killed < Kills && _alive[place] && _alive.Count(static alive => alive) > 1 && _chance.Next(12) == 0;

        private void Kill(int place)
        {
            Killed++;
            _alive[place] = false;
            _nodes[place].Crash();
            Memory.Kill(_nodes[place].Id!.Value);
            _ = Time.StartAsync(async () =>
            {
                await Task.Delay(TimeSpan.FromSeconds(0.2 + (_chance.NextDouble() * 12)), Time);
                await StartAsync(place);
            });
        }

        private void Fail()
        {
            if (!Quiet && _chance.Next(10) == 0)
            {
                Faults++;
                throw new StoreUnavailableException("a call that fails");
            }
        }

        /// <summary>The store as one node sees it: up to 5 ms away, every tenth call fails before it or after it, and its node is killed before or after it starts a round.</summary>
        private sealed class Troubled(Scene scene, int place) : DelegatingJobStore(scene.Memory)
        {
            public override async ValueTask<IReadOnlyList<ScheduleRecord>> ListSchedulesAsync(CancellationToken cancellationToken = default)
            {
                scene.Fail();
                return await base.ListSchedulesAsync(cancellationToken);
            }

            public override async ValueTask<ScheduleWriteResult> WriteScheduleAsync(ScheduleWrite write, CancellationToken cancellationToken = default)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(scene._chance.Next(5)), scene.Time, cancellationToken);
                if (write.Start is not null && scene.MayKill(place))
                {
                    scene.KilledBefore++;
                    scene.Kill(place);
                    throw new StoreUnavailableException("killed before it");
                }
                scene.Fail();
                var answer = await base.WriteScheduleAsync(write, cancellationToken);
                if (answer.Round is not null)
                {
                    scene.Starts.Add(new(write.Name, write.Start!.Due, answer.Now - write.Start.Due));
                    if (scene.MayKill(place))
                    {
                        scene.Kill(place);
                    }
                }
                scene.Fail();
                return answer;
            }
        }
    }

    private sealed class Instant : IWorker
    {
        public bool EndsWork => false;

        public Task<WorkResult> RunAsync(Attempt attempt, CancellationToken cancellationToken) => Task.FromResult<WorkResult>(new WorkResult.Completed(default));
    }
}
