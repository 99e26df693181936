using Fairlead.Cli;
using Fairlead.Cli.Commands;

// The warden is this same program, started by a node once: it must be up in no time, so it takes the shortest way.
if (args is [WardenCommand.Name, ..])
{
    return WardenCommand.Run(args[1..]);
}
return await CommandLine.RunAsync(args);
