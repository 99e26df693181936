using System.Globalization;
using System.Text;

namespace Fairlead.Diagnostics;

/// <summary>An explanation for people: plain sentences first, the table second.</summary>
public static class ExplanationText
{
    /// <summary>Writes it.</summary>
    public static string Write(Explanation explanation)
    {
        var text = new StringBuilder();
        Sentences(text, explanation);
        text.AppendLine();
        Table(text, explanation);
        return text.ToString();
    }

    /// <summary>Seconds as people say them: <c>0.42 s</c>, <c>34 min 8 s</c>, <c>2 h 5 min</c>.</summary>
    public static string Duration(double seconds) => seconds switch
    {
        < 0.0995 => Invariant($"{seconds * 1000:0.#} ms"),
        < 59.95 => Invariant($"{seconds:0.0} s"),
        < 3600 => Invariant($"{(int)(seconds / 60)} min {(int)(seconds % 60)} s"),
        _ => Invariant($"{(int)(seconds / 3600)} h {(int)(seconds % 3600 / 60)} min"),
    };

    private static void Sentences(StringBuilder text, Explanation it)
    {
        text.AppendLine(Invariant($"It took {Duration(it.WallSeconds)}; no schedule on {Slots(it.Slots)} ends this work before {Duration(it.BoundSeconds)} ({Binding(it)})."));
        foreach (var cause in it.Causes.Where(cause => cause.JobShare >= 0.05))
        {
            text.AppendLine(Invariant($"{cause.JobShare:0 %} of the jobs' time: {Meaning(cause)}."));
        }
        if (it.Holders.Count > 0)
        {
            var named = string.Join(", ", it.Holders.Take(4).Select(holder => Invariant($"{holder.Job} of {holder.Group} ({Duration(holder.Seconds)})")));
            text.AppendLine(Invariant($"Slots were held by unusually long attempts: job {named}{(it.Holders.Count > 4 ? ", …" : "")}. Of {Slots(it.Slots)}, {it.EffectiveSlots:0.0} were effectively there."));
        }
        foreach (var advice in it.Advice)
        {
            text.AppendLine(Invariant($"With {advice.Change} it would have ended {Duration(advice.SavesSeconds)} sooner."));
        }
    }

    private static void Table(StringBuilder text, Explanation it)
    {
        text.AppendLine("cause      what                      wall time          job time");
        foreach (var cause in it.Causes)
        {
            text.AppendLine(Invariant($"{cause.Cause.ToWire(),-10} {Cut(cause.Key),-20} {Duration(cause.WallSeconds),12} {cause.WallShare,6:0.0 %} {Duration(cause.JobSeconds),12} {cause.JobShare,6:0.0 %}"));
        }
        text.AppendLine(Invariant($"{"together",-31} {Duration(it.WallSeconds),12} {it.Causes.Sum(cause => cause.WallShare),6:0.0 %} {Duration(it.JobSeconds),12} {it.Causes.Sum(cause => cause.JobShare),6:0.0 %}"));
    }

    private static string Meaning(CauseShare cause) => cause.Cause switch
    {
        WaitCause.Run => "running",
        WaitCause.Start => "ready, with nothing in the way but the engine itself",
        WaitCause.Slot => $"waiting for a slot, all of {Owner(cause.Key)} being taken",
        WaitCause.Limit => $"waiting for a permit of '{cause.Key}'",
        WaitCause.Group => $"waiting for the turn of group '{cause.Key}'",
        WaitCause.Breaker => $"quarantined by the breaker of '{cause.Key}'",
        WaitCause.Retry => "waiting out back-off after failed attempts",
        WaitCause.Scheduled => "waiting for the time asked for",
        WaitCause.Blocked => "waiting for other jobs",
        WaitCause.Paused => $"waiting because '{cause.Key}' was paused",
        WaitCause.NoNode => $"waiting because no live node served '{cause.Key}'",
        _ => "waiting because the store could not be reached",
    };

    /// <summary>Slots belong to a queue, by its name, or to a node, by its number.</summary>
    private static string Owner(string key) => key.All(char.IsAsciiDigit) ? $"node {key}" : $"'{key}'";

    private static string Binding(Explanation it) => it.Binding switch
    {
        "longest_job" => "its longest job takes that long",
        "slots" => "all run time spread over them",
        var limit => $"limit '{limit[(limit.IndexOf(' ', StringComparison.Ordinal) + 1)..]}' gives its permits no faster",
    };

    private static string Slots(int slots) => slots == 1 ? "1 slot" : Invariant($"{slots} slots");

    private static string Cut(string key) => key.Length <= 20 ? key : key[..19] + "…";

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
