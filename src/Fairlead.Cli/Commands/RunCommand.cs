using System.CommandLine;
using System.Security.Cryptography;
using Fairlead.Cli.Bodies;
using Fairlead.Cli.Runs;
using Fairlead.Storage;

namespace Fairlead.Cli.Commands;

/// <summary><c>fairlead run</c>: one durable job per input line, done by a program; and <c>run --resume</c>, which goes on where another process ended.</summary>
internal static class RunCommand
{
    public const string Name = "run";

    private static readonly Option<string?> Input = new("--input", "-i") { Description = "One item a line; - reads standard input. Empty lines are left out.", HelpName = "FILE|-" };
    private static readonly Option<string?> RunName = new("--name", "-n") { Description = "By which the run is found again. Default: the program's name and four letters.", HelpName = "NAME" };
    private static readonly Option<string?> Resume = new("--resume") { Description = "Go on with a run that is not finished. The store remembers the rest.", HelpName = "NAME|ID" };
    private static readonly Option<string?> Queue = new("--queue") { Description = "Share this queue with other runs. Default: one of its own.", HelpName = "QUEUE" };
    private static readonly Option<int?> Concurrency = CommonOptions.Count("--concurrency", "How many programs run at once. Default: the number of processors.", 1, 10_000);
    private static readonly Option<TimeSpan?> Timeout = CommonOptions.Duration("--timeout", "How long one attempt may take; then its whole process tree is ended. Default: no limit.");
    private static readonly Option<TimeSpan?> KillAfter = CommonOptions.Duration("--kill-after", "How long it may go on after SIGTERM. Default 5s.");
    private static readonly Option<int?> Retries = CommonOptions.Count("--retries", "How many attempts may follow a failed one. Default 0.", 0, 1000);
    private static readonly Option<string[]> Limits = new Option<string[]>("--limit")
    {
        Description = "A limit every attempt takes a permit of, shared by all that use this store: api=8/s, api=20/s,burst=4, browser=concurrent:10. May be given several times.",
        HelpName = "NAME=RATE",
    }.Checked(static text => LimitText.ParseNamed(text));

    private static readonly Option<string?> GroupBy = new Option<string?>("--group-by")
    {
        Description = "Lines with the same group share fairly, by time: the first parentheses of the expression, or the whole match. Lines without a match have no group.",
        HelpName = "REGEX",
    }.Checked(static text => _ = new RunGroups(text));

    private static readonly Option<int?> GroupConcurrency = CommonOptions.Count("--group-concurrency", "How many attempts of one group run at once, over all that use this store. Default: no limit.", 1, 10_000);

    private static readonly Option<string?> Breaker = new Option<string?>("--breaker")
    {
        Description = "Stop asking for a group that fails, for a while: failures=5,open_for=60s,max_open=10m.",
        HelpName = "failures=N,…",
    }.Checked(static text => BreakerText.Parse(text));

    private static readonly Option<bool> ShowOutput = new("--output", "-o") { Description = "Write what the programs write, as it comes." };
    private static readonly Option<bool> Json = new("--json") { Description = "End with one line of JSON on standard output." };

    private static readonly Option[] OfNewRuns = [Input, RunName, Queue, Limits, GroupBy, GroupConcurrency, Breaker, Timeout, KillAfter, Retries];

    public static Command Create() => new Command(
            Name,
            "Run a program once for each line of the input, durably: fairlead run --input FILE -- PROGRAM ARGS {}. "
            + "{} is replaced by the line, which is also standard input; without {} the line is the last argument.")
        .With(Input, RunName, Resume, Queue, Concurrency, Limits, GroupBy, GroupConcurrency, Breaker, Timeout, KillAfter, Retries, ShowOutput, Json)
        .Does(RunAsync);

    private static async Task<int> RunAsync(CommandContext context)
    {
        if (context.Value(Resume) is { } resumed)
        {
            return await ResumeAsync(context, resumed);
        }
        var plan = Plan(context);
        await using var worker = new RunWorker(plan, context);
        var store = await context.OpenStoreAsync();
        await RefuseUnfinishedAsync(store, NameOf(context, plan), context.Cancelled);
        var queue = await RunQueue.DeclareAsync(store, plan, context.Cancelled);
        var id = await EnqueueAsync(context, store, plan, queue);
        return await WorkAsync(context, store, id, plan, worker, queue, NameOf(context, plan));
    }

    private static async Task<int> ResumeAsync(CommandContext context, string text)
    {
        if (OfNewRuns.FirstOrDefault(context.Has) is { } option || ProgramWords.Current is not null)
        {
            throw new CommandFailure($"--resume needs nothing but the name: the store remembers the program, its items and options. Leave out {(OfNewRuns.FirstOrDefault(context.Has) is { } given ? given.Name : "what follows --")}.");
        }
        var store = await context.OpenExistingStoreAsync();
        var run = await JobArgument.FindAsync(store, text, context.Cancelled);
        var plan = RunPlan.TryRead(run) ?? throw new CommandFailure($"Job {run.Id} was not made by 'fairlead run', so there is nothing to resume. A paused queue goes on with: fairlead resume QUEUE");
        if (run.Status.IsEnded())
        {
            context.Output.Message($"The run '{text}' has ended already: there is nothing to go on with.");
            return await EndAsync(context, store, run.Id);
        }
        plan = plan with { Concurrency = context.Value(Concurrency) ?? plan.Concurrency, Output = plan.Output || context.Value(ShowOutput) };
        CheckProgram(plan);
        await using var worker = new RunWorker(plan, context);
        return await WorkAsync(context, store, run.Id, plan, worker, await RunQueue.DeclareAsync(store, plan, context.Cancelled), run.BatchState!.Name ?? text);
    }

    private static RunPlan Plan(CommandContext context)
    {
        if (ProgramWords.Current is not { Length: > 0 } program)
        {
            throw new CommandFailure("Expected the program to run after --, such as: fairlead run --input files -- gzip -t {}");
        }
        var token = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));
        var plan = new RunPlan
        {
            Kind = $"run/{token}",
            Queue = "",
            Program = program,
            Directory = Environment.CurrentDirectory,
            Concurrency = context.Value(Concurrency) ?? Environment.ProcessorCount,
            TimeoutSeconds = context.Value(Timeout)?.TotalSeconds,
            KillAfterSeconds = (context.Value(KillAfter) ?? TimeSpan.FromSeconds(5)).TotalSeconds,
            Retries = context.Value(Retries) ?? 0,
            Output = context.Value(ShowOutput),
            Limits = context.Value(Limits) is { Length: > 0 } limits ? limits : null,
            GroupBy = context.Value(GroupBy),
            GroupConcurrency = context.Value(GroupConcurrency),
            Breaker = context.Value(Breaker),
        };
        plan = plan with { Queue = context.Value(Queue) ?? RunPlan.QueuePrefix + NameOf(context, plan) };
        NewJobRules.CheckName(NameOf(context, plan), "A run's name");
        NewJobRules.CheckName(plan.Queue, "A queue's name");
        CheckFlow(plan);
        CheckProgram(plan);
        return plan;
    }

    private static void CheckFlow(RunPlan plan)
    {
        if (plan.NamedLimits.CountBy(limit => limit.Name).FirstOrDefault(limit => limit.Value > 1).Key is { } twice)
        {
            throw new CommandFailure($"--limit names '{twice}' {plan.NamedLimits.Count(limit => limit.Name == twice)} times; each limit is one rate or one number at once. Leave out all but one.");
        }
        var option = plan switch
        {
            { GroupBy: not null } => null,
            { Breaker: not null } => "--breaker",
            { GroupConcurrency: not null } => "--group-concurrency",
            _ => plan.NamedLimits.Any(limit => limit.Limit.PerGroup) ? "--limit with per_group" : null,
        };
        if (option is not null)
        {
            throw new CommandFailure($"{option} is about groups, so it needs --group-by, such as --group-by '://([^/]+)' for the host of an address.");
        }
    }

    private static string NameOf(CommandContext context, RunPlan plan) => context.Value(RunName) ?? $"{Path.GetFileName(plan.Program[0])}-{plan.Kind[^4..]}";

    private static void CheckProgram(RunPlan plan)
    {
        if (!Directory.Exists(plan.Directory))
        {
            throw new CommandFailure($"The run was started in {plan.Directory}, which is not there any more; its programs run there.");
        }
        ProgramFile.Check(plan.Program[0], plan.Directory);
    }

    private static async ValueTask RefuseUnfinishedAsync(IJobStore store, string name, CancellationToken cancellationToken)
    {
        if (await store.FindBatchAsync(name, cancellationToken) is not { } id || await store.GetJobAsync(id, cancellationToken) is not { } run || run.Status.IsEnded())
        {
            return;
        }
        var items = run.BatchState!.Items;
        throw new CommandFailure(
            $"A run named '{name}' is not finished: {items.Ended} of {items.Total} items are done. Go on with it: fairlead run --resume {name}. Or give it up: fairlead cancel {name}. Or choose another --name.");
    }

    private static async ValueTask<JobId> EnqueueAsync(CommandContext context, IJobStore store, RunPlan plan, QueueDefinition queue)
    {
        var input = context.Value(Input) ?? throw new CommandFailure("Expected --input FILE with one item a line, or --input - for standard input.");
        return await store.EnqueueBatchAsync(
            new NewBatch { Name = NameOf(context, plan), Queue = plan.Queue, Items = RunInput.Read(input, plan, queue), Memo = plan.ToMemo() }, context.Cancelled);
    }

    private static async Task<int> WorkAsync(CommandContext context, IJobStore store, JobId id, RunPlan plan, RunWorker worker, QueueDefinition queue, string name)
    {
        bool ended;
        await using (var display = Display(context, plan, name))
        {
            ended = await new RunSession(context, store, id, plan, queue, worker, display).RunAsync();
        }
        if (ended)
        {
            return await EndAsync(context, store, id);
        }
        context.Output.Message($"Interrupted. What was finished is kept; go on with: fairlead run --resume {name}");
        WriteJson(context, await RunSummary.MakeAsync(store, id, context.Time));
        return ExitCode.Interrupted;
    }

    private static IRunDisplay Display(CommandContext context, RunPlan plan, string name) => context.Output.MessagesOnTerminal && !plan.Output
        ? new BarDisplay(name)
        : new PlainDisplay(name, context.Output.Messages, context.Time);

    private static async ValueTask<int> EndAsync(CommandContext context, IJobStore store, JobId id)
    {
        var summary = await RunSummary.MakeAsync(store, id, context.Time);
        await summary.WriteAsync(context.Output.Messages);
        WriteJson(context, summary);
        return summary.ExitCode;
    }

    private static void WriteJson(CommandContext context, RunSummary summary)
    {
        if (context.Value(Json))
        {
            context.Output.Json(summary.ToBody(), CliJson.Wire.RunBody);
        }
    }
}
