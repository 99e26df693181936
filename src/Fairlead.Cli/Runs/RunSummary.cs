using System.Globalization;
using Fairlead.Cli.Bodies;
using Fairlead.Diagnostics;
using Fairlead.Storage;

namespace Fairlead.Cli.Runs;

/// <summary>What is said when a run has ended: the counts, the first failures, and where the time went.</summary>
internal sealed class RunSummary(IJobStore store, Job run, Explanation? explanation, DateTimeOffset now)
{
    private const int FailuresShown = 10;

    /// <summary>More items than this are explained only when asked: it takes a reading of every item.</summary>
    public const int ExplainedUpTo = 50_000;

    public static async ValueTask<RunSummary> MakeAsync(IJobStore store, JobId id, TimeProvider time)
    {
        var run = await store.GetJobAsync(id) ?? throw new CommandFailure($"The run {id} is not in {store.Description} any more.");
        var now = time.GetUtcNow();
        var explanation = run.BatchState!.Items.Total <= ExplainedUpTo ? await Explainer.ExplainAsync(store, id, now) : null;
        return new RunSummary(store, run, explanation, now);
    }

    /// <summary>How the run is named in commands.</summary>
    public string Name => run.BatchState!.Name ?? run.Id.ToString();

    public int ExitCode => run.BatchState!.Items is { Failed: 0, Cancelled: 0 } ? Cli.ExitCode.AllWell : Cli.ExitCode.SomeFailed;

    private double Elapsed => ((run.EndedAt ?? now) - run.EnqueuedAt).TotalSeconds;

    public RunBody ToBody()
    {
        var items = run.BatchState!.Items;
        return new RunBody(
            Name, run.Id.Value, run.Status.ToWire(), items.Total, items.Completed, items.Failed, items.TimedOut,
            Math.Round(Elapsed, 3), Math.Round(explanation?.BoundSeconds ?? 0, 3));
    }

    public async ValueTask WriteAsync(TextWriter output)
    {
        await WriteCountsAsync(output);
        await WriteFailuresAsync(output);
        if (explanation is not null)
        {
            await output.WriteLineAsync();
            await output.WriteAsync(ExplanationText.Write(explanation));
        }
        else
        {
            await output.WriteLineAsync($"Where the time went: fairlead explain {Name}");
        }
    }

    private async ValueTask WriteCountsAsync(TextWriter output)
    {
        var items = run.BatchState!.Items;
        var parts = new List<string> { $"{items.Completed} succeeded" };
        if (items.Failed > 0)
        {
            parts.Add($"{items.Failed} failed{(items.TimedOut > 0 ? $" ({items.TimedOut} timed out)" : "")}");
        }
        if (items.Cancelled > 0)
        {
            parts.Add($"{items.Cancelled} cancelled");
        }
        var rate = Elapsed > 0 ? items.Ended / Elapsed : 0;
        await output.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture, $"{Name}: {run.Status.ToWire()}. {items.Total} items: {string.Join(", ", parts)}, in {DurationText.ForPeople(Elapsed)} ({rate:0.#} items/s)."));
    }

    private async ValueTask WriteFailuresAsync(TextWriter output)
    {
        var failed = run.BatchState!.Items.Failed;
        if (failed == 0)
        {
            return;
        }
        var page = await store.ListJobsAsync(new JobQuery { Batch = run.Id, Status = JobStatus.Failed, Limit = FailuresShown });
        foreach (var item in page.Jobs)
        {
            await output.WriteLineAsync($"  {item.Id} {Table.OneLine(RunLine.Read(item.Payload))}: {Table.OneLine(item.Error ?? "failed")}");
        }
        if (failed > page.Jobs.Count)
        {
            await output.WriteLineAsync($"  and {failed - page.Jobs.Count} more: fairlead results {Name} --status failed");
        }
        await output.WriteLineAsync($"Once more: fairlead retry {Name} && fairlead run --resume {Name}");
    }
}
