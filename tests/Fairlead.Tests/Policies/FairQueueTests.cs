using Fairlead.Policies;

namespace Fairlead.Tests.Policies;

/// <summary>The bound of start-time fair queueing with D slots, held against random groups, weights and run times.</summary>
public sealed class FairQueueTests
{
    private sealed class Group(string name, double weight, double longest)
    {
        public readonly string Name = name;
        public readonly double Weight = weight;
        public readonly double Longest = longest;
        public double Tag;
        public double Estimate = -1;
        public double LargestCharge;
        public readonly List<(double Begin, double End)> Runs = [];

        public double ServiceUntil(double moment) => Runs.Where(r => r.Begin < moment).Sum(r => Math.Min(r.End, moment) - r.Begin);

        public double Most => Math.Max(LargestCharge, Runs.Max(static r => r.End - r.Begin));
    }

    /// <summary>All groups have work all the time; what a job takes is known only when it ends.</summary>
    private static void Run(Group[] groups, int slots, double time, bool corrects, Random random)
    {
        var running = new PriorityQueue<(Group Group, double Charged, double Ran), double>();
        for (var now = 0d; now < time;)
        {
            while (running.Count < slots)
            {
                var next = groups.MinBy(static g => g.Tag)!;
                var charged = next.Estimate < 0 ? FairQueue.Unknown : next.Estimate;
                var ran = next.Longest * random.NextDouble();
                next.Tag = FairQueue.Charged(next.Tag, charged, next.Weight);
                next.LargestCharge = Math.Max(next.LargestCharge, charged);
                next.Runs.Add((now, now + ran));
                running.Enqueue((next, charged, ran), now + ran);
            }
            running.TryDequeue(out var ended, out now);
            ended.Group.Tag = FairQueue.Charged(ended.Group.Tag, corrects ? ended.Ran - ended.Charged : 0, ended.Group.Weight);
            ended.Group.Estimate = corrects ? FairQueue.Learned(ended.Group.Estimate, ended.Ran) : FairQueue.Unknown;
        }
    }

    /// <summary>The worst lag of any pair over any interval, as a share of its bound.</summary>
    private static double WorstShare(Group[] groups, int slots, double time)
    {
        var worst = 0d;
        var moments = groups.SelectMany(static g => g.Runs).SelectMany(static r => (double[])[r.Begin, r.End]).Where(m => m <= time).Distinct().Order().ToList();
        foreach (var (f, g) in groups.SelectMany(f => groups.Where(g => string.CompareOrdinal(f.Name, g.Name) < 0).Select(g => (f, g))))
        {
            var differences = moments.ConvertAll(m => (f.ServiceUntil(m) / f.Weight) - (g.ServiceUntil(m) / g.Weight));
            var bound = (slots + 1) * ((f.Most / f.Weight) + (g.Most / g.Weight));
            worst = Math.Max(worst, (differences.Max() - differences.Min()) / bound);
        }
        return worst;
    }

    private static double WorstShare(int seed, bool corrects)
    {
        var random = new Random(seed);
        var groups = Enumerable.Range(0, random.Next(2, 5))
            .Select(i => new Group($"g{i}", random.Next(1, 5), Math.Pow(10, (2 * random.NextDouble()) - 1))).ToArray();
        var slots = random.Next(1, 6);
        var time = 40 * groups.Max(static g => g.Longest);
        Run(groups, slots, time, corrects, random);
        return WorstShare(groups, slots, time);
    }

    [Fact]
    public void Two_groups_never_differ_by_more_than_the_bound() =>
        Enumerable.Range(1, 60).Max(seed => WorstShare(seed, corrects: true)).ShouldBeLessThanOrEqualTo(1);

    [Fact]
    public void Without_correction_the_bound_does_not_hold() =>
        Enumerable.Range(1, 20).Max(seed => WorstShare(seed, corrects: false)).ShouldBeGreaterThan(1);

    [Theory]
    [InlineData(5, 9, 9)]
    [InlineData(9, 5, 9)]
    public void Nobody_saves_up(double tag, double clock, double returned) => FairQueue.Returned(tag, clock).ShouldBe(returned);

    [Fact]
    public void The_first_run_time_counts_whole_and_later_ones_a_fifth()
    {
        FairQueue.Learned(-1, 10).ShouldBe(10);
        FairQueue.Learned(10, 20).ShouldBe(12);
    }
}
