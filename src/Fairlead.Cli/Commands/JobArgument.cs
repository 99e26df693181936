using System.CommandLine;
using Fairlead.Storage;

namespace Fairlead.Cli.Commands;

/// <summary>The argument <c>ID|NAME</c>: a job's number, or the name of a batch, of which the newest is meant.</summary>
internal static class JobArgument
{
    public static Argument<string> Create(string description = "A job's id, or a run's or batch's name.") => new("id|name") { Description = description };

    public static Argument<string[]> CreateMany() => new("id|name")
    {
        Description = "Jobs' ids, or runs' or batches' names.",
        Arity = ArgumentArity.OneOrMore,
    };

    /// <summary>Finds what was meant.</summary>
    public static async ValueTask<Job> FindAsync(IJobStore store, string text, CancellationToken cancellationToken)
    {
        var named = await store.FindBatchAsync(text, cancellationToken);
        var id = named ?? (JobId.TryParse(text, null, out var number) ? number : null as JobId?);
        return id is { } found && await store.GetJobAsync(found, cancellationToken) is { } job
            ? job
            : throw new CommandFailure($"There is no job or run '{text}' in {store.Description}. See what there is with: fairlead jobs");
    }
}
