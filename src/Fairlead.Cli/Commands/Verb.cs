using System.CommandLine;
using Fairlead.Storage;

namespace Fairlead.Cli.Commands;

/// <summary>The frame around every command: it gets its context, and whatever goes wrong becomes one or two sentences and an exit code.</summary>
internal static class Verb
{
    /// <summary>Joins a command and what it does.</summary>
    public static Command Does(this Command command, Func<CommandContext, Task<int>> run)
    {
        command.SetAction(async (arguments, _) =>
        {
            using var interruption = new Interruption();
            await using var context = new CommandContext(arguments, interruption);
            return await GuardAsync(() => run(context), interruption);
        });
        return command;
    }

    /// <summary>Adds several options at once.</summary>
    public static Command With(this Command command, params Symbol[] symbols)
    {
        foreach (var symbol in symbols)
        {
            if (symbol is Option option)
            {
                command.Options.Add(option);
            }
            else
            {
                command.Arguments.Add((Argument)symbol);
            }
        }
        return command;
    }

    private static async Task<int> GuardAsync(Func<Task<int>> run, Interruption interruption)
    {
        try
        {
            return await run();
        }
        catch (CommandFailure failure)
        {
            return Say(failure.Message, failure.ExitCode);
        }
        catch (StoreUnavailableException away)
        {
            return Say(away.Message, ExitCode.StoreAway);
        }
        catch (StoreMismatchException mismatch)
        {
            return Say(mismatch.Message, ExitCode.Usage);
        }
        catch (OperationCanceledException) when (interruption.Asked.IsCancellationRequested)
        {
            return ExitCode.Interrupted;
        }
        catch (IOException) when (Console.IsOutputRedirected)
        {
            // The reader of our output has gone (`| head`): there is nobody left to tell.
            return ExitCode.AllWell;
        }
        catch (Exception error) when (error is ArgumentException or IOException or UnauthorizedAccessException or NotSupportedException)
        {
            return Say(error.Message, ExitCode.Usage);
        }
#pragma warning disable CA1031 // users get a sentence, whatever happened
        catch (Exception error)
#pragma warning restore CA1031
        {
            return SayDefect(error);
        }
    }

    /// <summary>What should not happen. The details are for whoever mends it, not for whoever met it.</summary>
    private static int SayDefect(Exception error)
    {
        if (Environment.GetEnvironmentVariable("FAIRLEAD_TRACE") == "1")
        {
            Console.Error.WriteLine(error);
        }
        return Say($"This is a defect of Fairlead: {error.GetType().Name}: {error.Message} Nothing that was acknowledged is lost. FAIRLEAD_TRACE=1 shows where it happened.", ExitCode.Usage);
    }

    private static int Say(string message, int exitCode)
    {
        Console.Error.WriteLine($"fairlead: {message}");
        return exitCode;
    }
}
