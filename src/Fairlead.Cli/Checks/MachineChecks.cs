using System.Reflection;
using System.Runtime.InteropServices;
using Fairlead.Cli.Bodies;
using Fairlead.Processes;

namespace Fairlead.Cli.Checks;

/// <summary>What the machine offers.</summary>
internal static class MachineChecks
{
    public static CheckBody Versions()
    {
        var version = typeof(MachineChecks).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0];
        return new CheckBody("versions", true, $"fairlead {version}, {RuntimeInformation.FrameworkDescription}, {RuntimeInformation.OSDescription} ({RuntimeInformation.RuntimeIdentifier}), {Environment.ProcessorCount} processors");
    }

    /// <summary>Starts a warden and asks what it can hold jobs by.</summary>
    public static async Task<CheckBody> ContainmentAsync(CommandContext context)
    {
        const string name = "containment";
        try
        {
            await using var warden = await Warden.StartAsync(new WardenOptions { Command = Commands.WardenCommand.Line() }, context.Time, context.Cancelled);
            var (rung, detail) = warden.Containment;
            return new CheckBody(name, true, $"{rung.ToString().ToLowerInvariant()}: {detail}");
        }
        catch (Exception error) when (error is IOException or PlatformNotSupportedException or InvalidOperationException or TimeoutException)
        {
            return new CheckBody(name, false, $"no programs can be run as workers: {error.Message}");
        }
    }

    /// <summary>A clock that stands years off makes every due time and deadline wrong.</summary>
    public static CheckBody Clock(TimeProvider time)
    {
        var now = time.GetUtcNow();
        var sane = now.Year is >= 2025 and < 2100;
        return new CheckBody("clock", sane, $"{now:yyyy-MM-dd HH:mm:ss}Z{(sane ? "" : ": set it, or due times and deadlines will be wrong")}");
    }
}
