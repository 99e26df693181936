using System.CommandLine;
using System.Globalization;
using Fairlead.Cli.Benchmarks;
using Fairlead.Cli.Bodies;

namespace Fairlead.Cli.Commands;

/// <summary><c>fairlead bench</c>: what this machine and disk do with it, each figure beside what bare SQLite does in the same folder.</summary>
internal static class BenchCommand
{
    public const string Name = "bench";

    private static readonly Option<int?> Jobs = CommonOptions.Count("--jobs", "How many no-op jobs; default 100000.", 1000, 10_000_000);
    private static readonly Option<string?> Folder = new("--folder") { Description = "Measure on the disk of this folder. Default: the system's folder for temporary files.", HelpName = "FOLDER" };
    private static readonly Option<bool> Json = CommonOptions.Json();

    public static Command Create() => new Command(Name, "Measure enqueues and no-op jobs a second here, on a temporary SQLite file, beside bare SQLite.")
        .With(Jobs, Folder, Json)
        .Does(RunAsync);

    private static async Task<int> RunAsync(CommandContext context)
    {
        var folder = context.Value(Folder) ?? Path.GetTempPath();
        if (!Directory.Exists(folder))
        {
            throw new CommandFailure($"--folder expects a folder that exists; got '{folder}'.");
        }
        var measures = await SelfMeasurement.RunAsync(Path.GetFullPath(folder), context.Value(Jobs) ?? 100_000, context);
        if (context.Value(Json))
        {
            context.Output.Json([.. measures], CliJson.Wire.MeasureBodyArray);
            return ExitCode.AllWell;
        }
        Write(context.Output, measures);
        return ExitCode.AllWell;
    }

    private static void Write(Output output, IEnumerable<MeasureBody> measures)
    {
        var table = new Table("measure", "a second", "bare SQLite", "share");
        foreach (var measure in measures)
        {
            table.Add(
                measure.Measure, measure.PerSecond.ToString("N0", CultureInfo.InvariantCulture),
                measure.FloorPerSecond?.ToString("N0", CultureInfo.InvariantCulture) ?? "-", measure.OfFloor?.ToString("0 %", CultureInfo.InvariantCulture) ?? "-");
        }
        output.Table(table);
    }
}
