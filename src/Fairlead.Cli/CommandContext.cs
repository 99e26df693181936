using System.CommandLine;
using Fairlead.Cli.Stores;
using Fairlead.Storage;

namespace Fairlead.Cli;

/// <summary>What every command is given: its arguments, where to write, the clock, signals, and the store.</summary>
internal sealed class CommandContext(ParseResult arguments, Interruption interruption) : IAsyncDisposable
{
    /// <summary>The store every command speaks to.</summary>
    public static readonly Option<string?> StoreOption = new("--store")
    {
        Description = $"The store: {StoreAddress.Examples}. Else FAIRLEAD_STORE, else store: of ./fairlead.yaml, else sqlite:./fairlead.db.",
        HelpName = "ADDRESS",
        Recursive = true,
    };

    private IJobStore? _store;

    public Output Output { get; } = new();

    public Interruption Interruption { get; } = interruption;

    public CancellationToken Cancelled => Interruption.Asked;

    public TimeProvider Time { get; } = TimeProvider.System;

    public T? Value<T>(Option<T> option) => arguments.GetValue(option);

    public T? Value<T>(Argument<T> argument) => arguments.GetValue(argument);

    /// <summary>True when the option was typed.</summary>
    public bool Has(Option option) => arguments.GetResult(option) is { Implicit: false };

    /// <summary>The store that a configuration read by this command names; null for none.</summary>
    public string? ConfiguredStore { get; set; }

    /// <summary>Where the store is, without opening it.</summary>
    public StoreAddress Address()
    {
        var isNamed = arguments.GetValue(StoreOption) is not null || Environment.GetEnvironmentVariable("FAIRLEAD_STORE") is { Length: > 0 };
        return !isNamed && ConfiguredStore is { } configured
            ? StoreAddress.Parse(configured, "store: of the configuration")
            : StoreAddress.Find(arguments.GetValue(StoreOption), Environment.GetEnvironmentVariable, Environment.CurrentDirectory);
    }

    /// <summary>Opens the store; a file that is not there yet is made.</summary>
    public async ValueTask<IJobStore> OpenStoreAsync(bool adopt = false)
    {
        if (_store is null)
        {
            _store = Address().Connect(Time, adopt);
            await ReachAsync(() => _store.OpenAsync(Cancelled));
        }
        return _store;
    }

    /// <summary>Opens a store that is only looked into: one that is not there is an error, not a new file.</summary>
    public async ValueTask<IJobStore> OpenExistingStoreAsync()
    {
        await ReachAsync(() => Address().MustExistAsync(Cancelled));
        return await OpenStoreAsync();
    }

    /// <summary>Whoever cannot reach a store should hear who named it: it may be a variable that nobody thinks of.</summary>
    private async ValueTask ReachAsync(Func<ValueTask> reach)
    {
        try
        {
            await reach();
        }
        catch (StoreUnavailableException away)
        {
            throw new CommandFailure($"{away.Message.TrimEnd('.')}. The store was named by {Address().From}; fairlead doctor says what is wrong with it.", ExitCode.StoreAway, away);
        }
    }

    public ValueTask DisposeAsync() => _store?.DisposeAsync() ?? ValueTask.CompletedTask;
}
