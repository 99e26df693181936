using Fairlead.Engine;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Fairlead.Processes.OwnProcess;

/// <summary>
/// What a handler logs goes to its job's log, with its level; what the program prints goes there too. .NET's console logger would have every
/// line there twice, so it is silent inside attempts.
/// </summary>
internal static class ChildLogging
{
    private const string Console = "Microsoft.Extensions.Logging.Console.ConsoleLoggerProvider";
    private const string ConsoleAlias = "Console";

    /// <summary>Has the console logger of these services be silent inside attempts; outside, it goes by the rules that it went by.</summary>
    public static void Configure(IServiceCollection services) => services.PostConfigure<LoggerFilterOptions>(static options =>
    {
        var ours = options.Rules.Where(static rule => rule.ProviderName is null or Console or ConsoleAlias)
            .Prepend(new LoggerFilterRule(null, null, options.MinLevel, null)).OrderBy(static rule => rule.ProviderName is not null).Select(Outside).ToList();
        ours.ForEach(options.Rules.Add);
    });

    private static LoggerFilterRule Outside(LoggerFilterRule rule) => new(
        Console, rule.CategoryName, rule.LogLevel, (provider, category, level) => JobLogScope.Attempt is null && (rule.Filter?.Invoke(provider, category, level) ?? true));
}
