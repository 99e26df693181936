using System.Diagnostics;
using System.Globalization;

namespace Fairlead.Bench.PostgreSql;

/// <summary>
/// A program that fills a database with no-op jobs, says <c>filled</c>, waits for a line, works them off, and says <c>drained</c> with the seconds from
/// just before its worker's start to the last job finished in the store.
/// </summary>
/// <param name="Name">Who it is, and in which settings.</param>
/// <param name="History">What it keeps of finished jobs.</param>
/// <param name="Share">How much of the backlog it gets: the slow ones would take minutes.</param>
/// <param name="Command">Program and arguments; <c>{url}</c> and <c>{jobs}</c> are replaced.</param>
internal sealed record Contestant(string Name, string History, double Share, IReadOnlyList<string> Command)
{
    /// <summary>Has it drain a new database.</summary>
    public async Task<DrainFigure> DrainAsync(BenchServer server, int port, int jobs)
    {
        var own = Math.Max(1, (int)(jobs * Share));
        var database = await server.NewDatabaseAsync();
        using var process = Start(server.Url(database, port), own);
        await HearAsync(process, "filled");
        await server.TidyAsync(database);
        var before = await server.WorkAsync(database);
        await process.StandardInput.WriteLineAsync("go");
        var seconds = double.Parse(await HearAsync(process, "drained"), CultureInfo.InvariantCulture);
        await process.WaitForExitAsync();
        var work = await server.WorkOfAllAsync(database) - before;
        await server.DropAsync(database);
        return new DrainFigure(own, own / seconds, work);
    }

    private Process Start(string url, int jobs)
    {
        var words = Command.Select(word => word.Replace("{url}", url, StringComparison.Ordinal).Replace("{jobs}", jobs.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)).ToList();
        return Process.Start(new ProcessStartInfo(words[0], words[1..]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
    }

    /// <summary>Everything up to the line that begins with a word is what the program says beside.</summary>
    private async Task<string> HearAsync(Process process, string word)
    {
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (line == word || line.StartsWith($"{word} ", StringComparison.Ordinal))
            {
                return line[word.Length..].Trim();
            }
        }
        throw new InvalidOperationException($"{Name} ended before it had {word}.");
    }
}

/// <summary>How one drain went.</summary>
internal sealed record DrainFigure(int Jobs, double PerSecond, ServerWork Work);
