using System.Diagnostics;
using System.Globalization;

namespace Fairlead.Bench;

/// <summary>
/// Three <c>fairlead run</c> on one file share a limit, and a real nginx that enforces the same one judges: how many it refused, and how much of
/// the rate was used between the first and the last request, by its own clock.
/// </summary>
internal static class NginxBench
{
    private const int PerSecond = 20;
    private const int Processes = 3;

    public static async Task<int> RunAsync(string[] args)
    {
        var requests = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 600;
        using var scratch = new Scratch();
        using var nginx = await Nginx.StartAsync(Directory.CreateDirectory(scratch.File("nginx")).FullName, PerSecond, burst: 4);
        var runs = Enumerable.Range(0, Processes).Select(number => Start(scratch, number, requests / Processes, nginx.Port)).ToList();
        foreach (var run in runs)
        {
            await run.WaitForExitAsync();
        }
        var answers = nginx.Answers();
        var refused = answers.Count(static answer => answer.Status != 200);
        var share = NginxAnswer.ShareUsed(answers, PerSecond);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{answers.Count} requests from {Processes} processes at {PerSecond}/s: {refused} refused by nginx, {share:P2} of the rate used"));
        return answers.Count == requests / Processes * Processes && refused == 0 && share >= 0.98 ? 0 : 1;
    }

    private static Process Start(Scratch scratch, int number, int requests, int port)
    {
        File.WriteAllLines(scratch.File($"items{number}"), Enumerable.Range(0, requests).Select(n => $"{number}-{n}"));
        var run = Process.Start(new ProcessStartInfo(
            Path.Combine(AppContext.BaseDirectory, "Fairlead.Cli"),
            [
                "run", "--store", "sqlite:./store.db", "--name", $"share{number}", "--input", $"items{number}", "--concurrency", "4", "--limit", $"api={PerSecond}/s",
                "--", "curl", "-sf", "-o", $"out{number}", $"http://127.0.0.1:{port}/{{}}",
            ])
        {
            WorkingDirectory = scratch.Folder, RedirectStandardError = true,
        })!;
        run.BeginErrorReadLine();
        return run;
    }
}
