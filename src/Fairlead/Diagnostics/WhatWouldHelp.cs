using System.Globalization;

namespace Fairlead.Diagnostics;

/// <summary>
/// Tries changes on the recorded run times: the same jobs, in their order, on so many slots, each slot taking the next job when it is
/// free (list scheduling, Graham 1966). It claims only what that reckoning shows.
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
        var seconds = runs.OrderBy(run => run.From).Select(run => run.Seconds).ToArray();
        var today = Makespan(seconds, slots);
        return [.. Candidates(seconds, runs, holders, slots)
            .Select(change => new Advice(change.Text, today - change.Makespan))
            .Where(advice => advice.SavesSeconds > WorthSaying * today)
            .OrderByDescending(advice => advice.SavesSeconds)
            .Take(3)];
    }

    private static IEnumerable<(string Text, double Makespan)> Candidates(double[] seconds, SlotUse[] runs, IReadOnlyList<(SlotUse Run, double Excess)> holders, int slots)
    {
        if (holders.Count > 0)
        {
            var usual = runs.Except(holders.Select(holder => holder.Run)).Select(run => run.Seconds).DefaultIfEmpty(1).Max();
            var timeout = Math.Max(1, Math.Ceiling(2 * usual));
            yield return (string.Create(CultureInfo.InvariantCulture, $"timeout: {timeout:0}s"), Makespan([.. seconds.Select(run => Math.Min(run, timeout))], slots));
        }
        yield return (string.Create(CultureInfo.InvariantCulture, $"max_concurrent: {slots * 2}"), Makespan(seconds, slots * 2));
    }

    /// <summary>When the last job ends if each free slot takes the next one.</summary>
    private static double Makespan(double[] seconds, int slots)
    {
        var free = new PriorityQueue<int, double>(Enumerable.Range(0, slots).Select(slot => (slot, 0.0)));
        var end = 0.0;
        foreach (var run in seconds)
        {
            free.TryDequeue(out var slot, out var at);
            free.Enqueue(slot, at + run);
            end = Math.Max(end, at + run);
        }
        return end;
    }
}
