using System.CommandLine;
using Fairlead.Cli.Commands;

namespace Fairlead.Cli;

/// <summary>From the words a user typed to the command that runs. Only the command that was named is put together: the others cost start-up time.</summary>
internal static class CommandLine
{
    private static readonly (string Name, Func<Command> Make)[] Verbs =
    [
        (RunCommand.Name, RunCommand.Create),
        (ServeCommand.Name, ServeCommand.Create),
        (ServeCommand.WorkerName, ServeCommand.CreateWorker),
        (EnqueueCommand.Name, EnqueueCommand.Create),
        (StatusCommand.Name, StatusCommand.Create),
        (JobsCommand.Name, JobsCommand.Create),
        (JobCommand.Name, JobCommand.Create),
        (ResultsCommand.Name, ResultsCommand.Create),
        (LogsCommand.Name, LogsCommand.Create),
        (ExplainCommand.Name, ExplainCommand.Create),
        (CancelCommand.Name, CancelCommand.Create),
        (RetryCommand.Name, RetryCommand.Create),
        (QueuesCommand.Name, QueuesCommand.Create),
        (PoolsCommand.Name, PoolsCommand.Create),
        (WorkersCommand.Name, WorkersCommand.Create),
        (LimitsCommand.Name, LimitsCommand.Create),
        (GroupsCommand.Name, GroupsCommand.Create),
        (BreakersCommand.Name, BreakersCommand.Create),
        (SchedulesCommand.Name, SchedulesCommand.Create),
        (CyclesCommand.Name, CyclesCommand.Create),
        (PauseCommand.Name, PauseCommand.Create),
        (ResumeCommand.Name, ResumeCommand.Create),
        (DoctorCommand.Name, DoctorCommand.Create),
        (InitCommand.Name, InitCommand.Create),
        (SchemaCommand.Name, SchemaCommand.Create),
        (MigrateCommand.Name, MigrateCommand.Create),
        (StoreCommand.Name, StoreCommand.Create),
        (BenchCommand.Name, BenchCommand.Create),
        (DemoCommand.Name, DemoCommand.Create),
    ];

    public static async Task<int> RunAsync(string[] words)
    {
        var typed = Words.Split(words);
        var root = Root(typed.Own);
        var result = root.Parse(typed.Own, new ParserConfiguration { EnablePosixBundling = false, ResponseFileTokenReplacer = null });
        if (Words.Problem(result, typed) is { } problem)
        {
            await Console.Error.WriteLineAsync($"fairlead: {problem}");
            return ExitCode.Usage;
        }
        ProgramWords.Current = typed.Program;
        return await result.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
    }

    private static RootCommand Root(string[] words)
    {
        var root = new RootCommand("Background work against slow, unreliable things: nothing slow holds up anything else, and it can say why something is slow.");
        root.Options.Add(CommandContext.StoreOption);
        // The first word that is a command is the one: `groups pause` is about groups.
        var named = words.SelectMany(word => Verbs.Where(verb => verb.Name == word)).Take(1).ToArray();
        foreach (var (_, make) in named.Length == 1 ? named : Verbs)
        {
            root.Subcommands.Add(make());
        }
        return root;
    }
}
