namespace Fairlead.Cli.Tests;

/// <summary>A run whose program is killed with <c>kill -9</c> again and again goes on where it was, every time.</summary>
public sealed class KilledRunTests : IDisposable
{
    private const int Files = 60;
    private const int Slots = 4;
    private const int Kills = 5;
    private const int Seed = 20261123;
    private readonly Workspace _here = new();

    public void Dispose() => _here.Dispose();

    [Fact]
    public async Task Every_file_is_done_none_twice_that_was_finished_and_few_run_again()
    {
        var chance = new Random(Seed);
        await MakeFilesAsync();
        _here.Script("check", "#!/bin/sh\nsleep 0.05\ngzip -t \"$1\" && echo \"$1\" >> ran\n");
        var program = _here.Start("run", "--name", "check", "--input", "files", "--concurrency", $"{Slots}", "--", "./check", "{}");
        var finishedAtKills = new List<(HashSet<string> Finished, int Ran)>();
        for (var kill = 0; kill < Kills; kill++)
        {
            var enough = _here.CountLines("ran") + chance.Next(2, 9);
            await Workspace.UntilAsync(() => _here.CountLines("ran") >= enough, $"{enough} files were checked");
            program.Signal("KILL");
            await program.EndAsync();
            finishedAtKills.Add((await FinishedAsync(), _here.CountLines("ran")));
            program = _here.Start("run", "--resume", "check", "--json");
        }
        var body = (await program.EndAsync()).With(0).Json();
        body.GetProperty("success_count").GetInt64().ShouldBe(Files);

        var ran = File.ReadAllLines(_here.File("ran"));
        ran.Distinct().Count().ShouldBe(Files);
        ran.Length.ShouldBeLessThanOrEqualTo(Files + (Kills * Slots));
        foreach (var (finished, before) in finishedAtKills)
        {
            ran.Skip(before + Slots).Where(finished.Contains).ShouldBeEmpty($"seed {Seed}: what was finished ran again");
        }
    }

    [Theory]
    [InlineData("INT")]
    [InlineData("TERM")]
    public async Task A_signal_ends_it_in_good_order_and_says_how_to_go_on(string signal)
    {
        _here.Lines("items", Enumerable.Range(0, 6).Select(n => $"{n}"));
        _here.Script("work", "#!/bin/sh\necho $1 >> began\n[ -e go ] || sleep 60\n");
        var program = _here.Start("run", "--name", "n", "--input", "items", "--concurrency", "2", "--", "./work");
        await Workspace.UntilAsync(() => _here.CountLines("began") == 2, "two items began");
        program.Signal(signal);
        (await program.EndAsync()).With(130).Saying("fairlead run --resume n");
        (await _here.RunAsync("run", "--name", "n", "--input", "items", "--", "true")).With(2).Saying("is not finished", "--resume n", "cancel n");
        File.WriteAllText(_here.File("go"), "");
        (await _here.RunAsync("run", "--resume", "n")).With(0);
        _here.CountLines("began").ShouldBe(8, "two were handed back and run again, at no cost");
    }

    private async Task MakeFilesAsync()
    {
        var made = _here.StartTool("sh", "-c", $"for n in $(seq {Files}); do echo text $n | gzip > $n.gz; echo $n.gz; done > files");
        (await made.EndAsync()).With(0);
    }

    private async Task<HashSet<string>> FinishedAsync()
    {
        var page = (await _here.RunAsync("jobs", "--batch", "check", "--status", "completed", "--limit", "1000", "--json")).With(0).Json();
        return [.. page.GetProperty("jobs").EnumerateArray().Select(job => job.GetProperty("payload").GetString()!)];
    }
}
