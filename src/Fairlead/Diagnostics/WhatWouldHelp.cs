using System.Globalization;

namespace Fairlead.Diagnostics;

/// <summary>
/// Tries changes on the recorded run times: the same jobs, in their order, on so many slots, each slot taking the next job when it is
/// free (list scheduling, Graham 1966), and none before what else it waited for was over: more slots do not help against a limit. It
/// claims only what that reckoning shows.
/// </summary>
internal static class WhatWouldHelp
{
    private const double WorthSaying = 0.02;

    /// <summary>The most useful changes, the best first, at most three.</summary>
    public static IReadOnlyList<Advice> Find(SlotUse[] runs, IReadOnlyList<(SlotUse Run, double Excess)> holders, int slots)
    {
        if (runs.Length < 2)
        {
            return [];
        }
        var first = runs.Min(run => run.Free);
        var work = runs.OrderBy(run => run.From).Select(run => ((run.Free - first).TotalSeconds, run.Seconds)).ToArray();
        var today = Makespan(work, slots);
        return [.. Candidates(work, runs, holders, slots)
            .Select(change => new Advice(change.Text, today - change.Makespan))
            .Where(advice => advice.SavesSeconds > WorthSaying * today)
            .OrderByDescending(advice => advice.SavesSeconds)
            .Take(3)];
    }

    private static IEnumerable<(string Text, double Makespan)> Candidates((double Free, double Seconds)[] work, SlotUse[] runs, IReadOnlyList<(SlotUse Run, double Excess)> holders, int slots)
    {
        if (holders.Count > 0)
        {
            var usual = runs.Except(holders.Select(holder => holder.Run)).Select(run => run.Seconds).DefaultIfEmpty(1).Max();
            var timeout = Math.Max(1, Math.Ceiling(2 * usual));
            yield return (string.Create(CultureInfo.InvariantCulture, $"timeout: {timeout:0}s"), Makespan([.. work.Select(run => (run.Free, Math.Min(run.Seconds, timeout)))], slots));
        }
        yield return (string.Create(CultureInfo.InvariantCulture, $"max_concurrent: {slots * 2}"), Makespan(work, slots * 2));
    }

    /// <summary>When the last job ends if each free slot takes the next one.</summary>
    private static double Makespan((double Free, double Seconds)[] work, int slots)
    {
        var slotsFree = new PriorityQueue<int, double>(Enumerable.Range(0, slots).Select(slot => (slot, 0.0)));
        var end = 0.0;
        foreach (var (free, seconds) in work)
        {
            slotsFree.TryDequeue(out var slot, out var at);
            at = Math.Max(at, free) + seconds;
            slotsFree.Enqueue(slot, at);
            end = Math.Max(end, at);
        }
        return end;
    }
}
