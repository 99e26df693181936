using System.CommandLine;
using Fairlead.Cli.Configuration;
using Fairlead.Cli.Serving;
using Microsoft.Extensions.Logging;

namespace Fairlead.Cli.Commands;

/// <summary><c>fairlead serve</c>: runs the queues of <c>fairlead.yaml</c> and serves the API. <c>fairlead worker</c>: runs queues without an API.</summary>
internal static class ServeCommand
{
    public const string Name = "serve";
    public const string WorkerName = "worker";

    private static readonly Option<string?> Config = new("--config") { Description = "The configuration; ./fairlead.yaml by default.", HelpName = "FILE" };

    private static readonly Option<string?> Queues = new Option<string?>("--queues") { Description = "Only these queues of the configuration; all that have a program by default.", HelpName = "a,b" };

    private static readonly Option<string?> NodeName = new("--name") { Description = "The node's name; HOST:PID by default." };

    private static readonly Option<int?> Concurrency = CommonOptions.Count("--concurrency", "How many jobs run here at once; by default as many as the queues' pools hold.", 1, 100_000);

    private static readonly Option<TimeSpan?> Drain = CommonOptions.Duration("--drain", "How long what runs may go on when asked to stop; 30s by default.");

    private static readonly Option<LogLevel?> Level = new("--log-level")
    {
        Description = "trace, debug, information (the default), warning or error.",
        HelpName = "LEVEL",
        CustomParser = static argument =>
        {
            if (Enum.TryParse<LogLevel>(argument.Tokens[^1].Value, ignoreCase: true, out var level) && level is >= LogLevel.Trace and < LogLevel.Critical)
            {
                return level;
            }
            argument.AddError($"--log-level expects trace, debug, information, warning or error; got '{argument.Tokens[^1].Value}'.");
            return null;
        },
    };

    public static Command Create() => new Command(Name, "Run the queues of fairlead.yaml, and serve the API.")
        .With(Config, Queues, NodeName, Concurrency, Drain, Level).Does(context => RunAsync(context, withApi: true));

    public static Command CreateWorker() => new Command(WorkerName, "Run queues of fairlead.yaml, without the API.")
        .With(Config, Queues, NodeName, Concurrency, Drain, Level).Does(context => RunAsync(context, withApi: false));

    private static async Task<int> RunAsync(CommandContext context, bool withApi)
    {
        var options = new ServeOptions(
            context.Value(Config) ?? ConfigurationFile.DefaultName,
            context.Value(Queues)?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries),
            context.Value(NodeName),
            context.Value(Concurrency),
            context.Value(Drain) ?? TimeSpan.FromSeconds(30),
            context.Value(Level) ?? LogLevel.Information,
            withApi);
        var configuration = ServeSession.Read(options);
        context.ConfiguredStore = configuration.Store;
        using var loggers = ServeLoggers.Create(options.Level);
        await new ServeSession(context, options, configuration, loggers).RunAsync();
        return ExitCode.AllWell;
    }
}
