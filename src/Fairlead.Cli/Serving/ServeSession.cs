using System.Collections;
using Fairlead.Cli.Alerts;
using Fairlead.Cli.Configuration;
using Fairlead.Cli.Status;
using Fairlead.Processes;
using Fairlead.Storage;
using Microsoft.Extensions.Logging;

namespace Fairlead.Cli.Serving;

/// <summary>One life of <c>fairlead serve</c> or <c>fairlead worker</c>: starts the node, and the API, reloads the file when it changes, drains when it is asked to stop.</summary>
internal sealed partial class ServeSession(CommandContext context, ServeOptions options, ServerConfiguration configuration, ILoggerFactory loggers)
{
    private readonly ILogger _logger = loggers.CreateLogger("Fairlead");
    private ServerConfiguration _configuration = configuration;

    /// <summary>Reads and checks the file.</summary>
    /// <exception cref="CommandFailure">There is none, or something is wrong with it.</exception>
    public static ServerConfiguration Read(ServeOptions options)
    {
        if (!File.Exists(options.File))
        {
            throw new CommandFailure($"There is no configuration at {options.File}. `fairlead init` writes one with comments; another is named with --config.");
        }
        var configuration = ConfigurationFile.Read(options.File, Variables(), File.ReadAllText);
        foreach (var queue in options.Queues ?? [])
        {
            if (configuration.Queue(queue)?.Pool is null)
            {
                throw new CommandFailure(NearestName.Unknown(
                    "queue with a program", queue, configuration.Queues.Where(static known => known.Pool is not null).Select(static known => known.Name), $"They stand under queues: in {options.File}."));
            }
        }
        return configuration;
    }

    /// <summary>Serves until somebody asks it to stop.</summary>
    public async Task RunAsync()
    {
        var store = await context.OpenStoreAsync();
        await using var warden = await StartWardenAsync();
        await using var alerts = new AlertSender(_configuration.Alerts, warden, context.Time, options.NodeName, _logger);
        await using var node = new ServedNode(store, warden, _configuration, options, alerts, context.Time, loggers);
        await node.StartAsync(context.Cancelled);
        LogServing(_logger, options.NodeName, store.Description, string.Join(", ", node.Queues));
        TellSchedules(node);
        await using var api = options.WithApi ? await ApiServer.StartAsync(_configuration.Http, store, context.Time, loggers, context.Cancelled) : null;
        if (api is not null)
        {
            LogListening(_logger, api.Address);
        }
        var status = new StatusLine(store, context.Time, _logger).RunAsync(context.Cancelled);
        await ReloadUntilStoppedAsync(node, alerts);
        await status;
        await StopAsync(node, warden);
    }

    private async Task<Warden> StartWardenAsync()
    {
        try
        {
            return await Warden.StartAsync(new WardenOptions { Command = Commands.WardenCommand.Line() }, context.Time, context.Cancelled);
        }
        catch (Exception error) when (error is IOException or TimeoutException or InvalidOperationException or PlatformNotSupportedException)
        {
            throw new CommandFailure($"Programs cannot be run here: {error.Message} See: fairlead doctor", inner: error);
        }
    }

    private async Task ReloadUntilStoppedAsync(ServedNode node, AlertSender alerts)
    {
        using var watch = new ConfigurationWatch(Path.GetFullPath(options.File), context.Time);
        try
        {
            while (true)
            {
                await watch.ChangedAsync(context.Cancelled);
                await ReloadAsync(node, alerts);
            }
        }
        catch (OperationCanceledException) when (context.Cancelled.IsCancellationRequested)
        {
            // Somebody asked us to stop.
        }
    }

    /// <summary>What cannot be read, or is held otherwise by another node, changes nothing.</summary>
    private async Task ReloadAsync(ServedNode node, AlertSender alerts)
    {
        try
        {
            var changed = Read(options);
            if (changed == _configuration)
            {
                return;
            }
            await node.ReloadAsync(changed, context.Cancelled);
            alerts.Obey(changed.Alerts);
            WarnOfWhatWaits(changed);
            _configuration = changed;
            LogReloaded(_logger, options.File, string.Join(", ", node.Queues));
            TellSchedules(node);
        }
        catch (Exception error) when (error is CommandFailure or StoreMismatchException or StoreUnavailableException or ArgumentException or IOException or UnauthorizedAccessException)
        {
            LogNotReloaded(_logger, options.File, error.Message);
        }
    }

    private void TellSchedules(ServedNode node)
    {
        if (node.Schedules.Any())
        {
            LogSchedules(_logger, string.Join(", ", node.Schedules));
        }
    }

    private void WarnOfWhatWaits(ServerConfiguration changed)
    {
        if (changed.Store != _configuration.Store || changed.Http != _configuration.Http || changed.Retention != _configuration.Retention)
        {
            LogNeedsRestart(_logger);
        }
    }

    /// <summary>Lets what runs end; a second signal, or the end of the drain, ends it and hands it back.</summary>
    private async Task StopAsync(ServedNode node, Warden warden)
    {
        LogStopping(_logger, options.Drain.TotalSeconds);
        using var drain = new CancellationTokenSource(options.Drain, context.Time);
        using var drained = CancellationTokenSource.CreateLinkedTokenSource(drain.Token, context.Interruption.Hurried);
        var stopping = node.StopAsync(drained.Token);
        var hurried = Task.Delay(Timeout.InfiniteTimeSpan, context.Time, context.Interruption.Hurried);
        if (await Task.WhenAny(stopping, hurried) == hurried)
        {
            await warden.DisposeAsync();
        }
        await stopping;
    }

    private static Dictionary<string, string> Variables()
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (DictionaryEntry variable in Environment.GetEnvironmentVariables())
        {
            variables[(string)variable.Key] = (string?)variable.Value ?? "";
        }
        return variables;
    }

    [LoggerMessage(70, LogLevel.Information, "Node {Name} serves on {Store}: {Queues}")]
    private static partial void LogServing(ILogger logger, string name, string store, string queues);

    [LoggerMessage(71, LogLevel.Information, "The API listens on {Address}/api/v1")]
    private static partial void LogListening(ILogger logger, string address);

    [LoggerMessage(72, LogLevel.Information, "{File} was reloaded; queues: {Queues}")]
    private static partial void LogReloaded(ILogger logger, string file, string queues);

    [LoggerMessage(73, LogLevel.Error, "{File} was not reloaded, everything goes on as before: {Reason}")]
    private static partial void LogNotReloaded(ILogger logger, string file, string reason);

    [LoggerMessage(74, LogLevel.Warning, "store:, http: and retention: are taken over at the next start only")]
    private static partial void LogNeedsRestart(ILogger logger);

    [LoggerMessage(76, LogLevel.Information, "Schedules: {Schedules}")]
    private static partial void LogSchedules(ILogger logger, string schedules);

    [LoggerMessage(75, LogLevel.Information, "Stopping: what runs may go on for {Seconds:0} s; a second signal ends it now")]
    private static partial void LogStopping(ILogger logger, double seconds);
}
