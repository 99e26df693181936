using Fairlead.Policies;

namespace Fairlead.Tests.Policies;

/// <summary>Grants of one rate, in any mixture of claims, reservations and returns, counted over every window.</summary>
public sealed class RateSlotsTests
{
    private static readonly long Second = TimeSpan.TicksPerSecond;

    public static TheoryData<string> Limits => ["8/s", "20/s", "3/m", "2000/s", "20/s window", "1500/s window", "20/s burst 5", "100/s burst 3"];

    private static Limit Read(string text)
    {
        var parts = text.Split(' ');
        var burst = parts.Length == 3 ? int.Parse(parts[2], System.Globalization.CultureInfo.InvariantCulture) : 1;
        return new() { Rate = Rate.Parse(parts[0]), Burst = burst, Shape = parts.Length == 2 ? LimitShape.Window : LimitShape.Smooth };
    }

    private static RatePlan Plan(Limit limit) => RatePlan.Of(limit, limit.Rate!.Value, 1);

    private static RateSlots Copy(RateSlots slots)
    {
        using var stream = new MemoryStream();
        slots.Write(new BinaryWriter(stream));
        stream.Position = 0;
        return RateSlots.Read(new BinaryReader(stream));
    }

    /// <summary>Claims, more reservations up to 2 s ahead than there are slots, and returns of what is not used yet.</summary>
    private static List<long> Use(RatePlan plan, int steps, Random random, bool keeps, Func<RateSlots, RateSlots> each)
    {
        var (slots, now, used, ahead) = (new RateSlots(), 1000 * Second, new List<long>(), new List<long>());
        for (var step = 0; step < steps; step++)
        {
            slots = each(slots);
            now += (long)(plan.Spacing * random.NextDouble() * (random.Next(50) == 0 ? 100 : 2));
            switch (random.Next(4))
            {
                case 0 when keeps && slots.EarliestForJob(plan, 1, now) == now:
                    slots.TakeForJob(plan, 1, now);
                    used.Add(now);
                    break;
                case 0 when !keeps && slots.Earliest(plan, 1, now) == now:
                    slots.Take(plan, 1, now);
                    used.Add(now);
                    break;
                case 1 or 2:
                    ahead.AddRange(Reserve(slots, plan, random.Next(1, 20), keeps, now));
                    break;
                case 3:
                    ahead.RemoveAll(at => at >= now && random.Next(3) == 0 && (slots.GiveBack(plan, 1, at) || true));
                    break;
            }
        }
        return [.. used.Concat(ahead).Order()];
    }

    private static IEnumerable<long> Reserve(RateSlots slots, RatePlan plan, int count, bool keeps, long now)
    {
        for (var i = 0; i < count && slots.Earliest(plan, 1, now) <= now + (2 * Second); i++)
        {
            if (keeps)
            {
                slots.KeepForJobs(plan, 1, now);
            }
            var at = slots.Earliest(plan, 1, now);
            slots.Take(plan, 1, at);
            yield return at;
        }
    }

    private static int MostIn(List<long> used, long window)
    {
        var (first, most) = (0, 0);
        for (var last = 0; last < used.Count; last++)
        {
            while (used[last] - used[first] >= window)
            {
                first++;
            }
            most = Math.Max(most, last - first + 1);
        }
        return most;
    }

    /// <summary>How many windows of any length hold more than a bucket lets through.</summary>
    private static int StretchesBeyond(List<long> used, RatePlan plan)
    {
        var beyond = 0;
        for (var first = 0; first < used.Count; first++)
        {
            for (var last = first; last < Math.Min(used.Count, first + 300); last++)
            {
                var most = plan.Burst - 1 + ((used[last] - used[first] + plan.Spacing) / plan.Spacing);
                beyond += last - first + 1 > most ? 1 : 0;
            }
        }
        return beyond;
    }

    [Theory]
    [MemberData(nameof(Limits))]
    public void No_window_holds_more_than_the_limit(string text)
    {
        var (limit, plan) = (Read(text), Plan(Read(text)));
        for (var seed = 1; seed <= 10; seed++)
        {
            var used = Use(plan, 3000, new Random(seed), keeps: false, static slots => slots);
            used.Count.ShouldBeGreaterThan(300);
            if (plan.HasRing)
            {
                MostIn(used, limit.Rate!.Value.Per.Ticks).ShouldBeLessThanOrEqualTo((int)plan.Permits, $"seed {seed}");
            }
            else
            {
                StretchesBeyond(used, plan).ShouldBe(0, $"seed {seed}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Limits))]
    public void A_state_read_back_behaves_the_same(string text)
    {
        var plan = Plan(Read(text));
        Use(plan, 1000, new Random(7), keeps: true, Copy).ShouldBe(Use(plan, 1000, new Random(7), keeps: true, static slots => slots));
    }

    [Theory]
    [MemberData(nameof(Limits))]
    public void Saturated_it_is_used_to_ninety_nine_percent(string text)
    {
        var plan = Plan(Read(text));
        var (slots, begin, granted) = (new RateSlots(), 1000 * Second, 0L);
        var end = begin + (10 * Math.Max(plan.Window, plan.Burst * plan.Spacing));
        for (var now = begin; now < end; granted++)
        {
            now = slots.Earliest(plan, 1, now);
            slots.Take(plan, 1, now);
        }
        granted.ShouldBeGreaterThanOrEqualTo((long)((end - begin) / plan.Spacing * 0.99));
    }

    [Fact]
    public void Claims_that_are_late_by_five_milliseconds_use_it_to_ninety_nine_percent()
    {
        var plan = Plan(8.PerSecond());
        var (slots, now, granted) = (new RateSlots(), 1000 * Second, 0);
        for (; now < 1100 * Second; granted++)
        {
            now = slots.EarliestForJob(plan, 1, now) + (Second / 200);
            slots.TakeForJob(plan, 1, now);
        }
        granted.ShouldBeGreaterThanOrEqualTo(792);
    }

    [Fact]
    public void A_million_slots_of_a_grid_are_exactly_on_it()
    {
        var plan = Plan(8.PerSecond());
        var (slots, now) = (new RateSlots(), 1000 * Second);
        for (var i = 0; i < 1_000_000; i++)
        {
            now = slots.Earliest(plan, 1, now);
            if (now != (1000 * Second) + (i * plan.Spacing))
            {
                throw new InvalidOperationException($"Slot {i} lies at {now}.");
            }
            slots.Take(plan, 1, now);
        }
    }

    [Fact]
    public void What_was_kept_for_jobs_is_anybodys_when_none_waits()
    {
        var plan = Plan(1.PerSecond());
        var (slots, now) = (new RateSlots(), 1000 * Second);
        slots.Take(plan, 1, now);
        slots.KeepForJobs(plan, 1, now);
        slots.Earliest(plan, 1, now).ShouldBe(now + (2 * Second));
        slots.EarliestForJob(plan, 1, now).ShouldBe(now + Second);
        slots.FreeKept();
        slots.Earliest(plan, 1, now).ShouldBe(now + Second);
    }
}
