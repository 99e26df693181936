using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using Fairlead.Samples.Upstreams;

namespace Fairlead.Samples.Tests.ProductAnalysis;

/// <summary>The sample as its users start it: real processes on one SQLite file, against real services that count, at five times the rates of the seed.</summary>
internal sealed partial class AnalysisProgram : IAsyncDisposable
{
    public const int SpApiPerSecond = 40, KeepaPerSecond = 25;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);
    private static readonly string Program = Path.GetFullPath(Path.Combine(
        AppContext.BaseDirectory, "../../Fairlead.Samples.ProductAnalysis", Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory)), "Fairlead.Samples.ProductAnalysis"));

    private readonly string _folder = Directory.CreateTempSubdirectory("fairlead-analysis-").FullName;
    private readonly List<Process> _processes = [];
    private readonly HttpClient _http = new();

    private AnalysisProgram(UpstreamServer spApi, UpstreamServer keepa) => (SpApi, Keepa) = (spApi, keepa);

    public UpstreamServer SpApi { get; }

    public UpstreamServer Keepa { get; }

    /// <summary>Starts the services, and a process of the program for each of these command lines; the first answers HTTP.</summary>
    public static async Task<AnalysisProgram> StartAsync(Behaviour behaviour, params string[] processes)
    {
        var clock = TimeProvider.System;
        // A second's worth in each bucket: so much may a busy machine hold calls up. Without limits 100 products would be far more than that.
        var spApi = new SpApi(clock, new SpApiOperation("getPricing", "/products/pricing/v0/price", SpApiPerSecond, SpApiPerSecond));
        var keepa = new Keepa(clock, KeepaPerSecond * 60, TimeSpan.FromMilliseconds(200), balance: KeepaPerSecond);
        var program = new AnalysisProgram(await UpstreamServer.StartAsync(spApi, clock, behaviour), await UpstreamServer.StartAsync(keepa, clock, behaviour));
        foreach (var arguments in processes)
        {
            await program.StartProcessAsync(arguments);
        }
        return program;
    }

    /// <summary>Asks for an analysis over HTTP.</summary>
    public async Task<long> AnalyzeAsync(int products)
    {
        using var answer = await _http.PostAsJsonAsync("/api/v1/analyses", new { products = VirtualAnalysis.Asins(products), max_workers = 8 });
        var body = await answer.Content.ReadAsStringAsync();
        ((int)answer.StatusCode).ShouldBe(202, body);
        return JsonDocument.Parse(body).RootElement.GetProperty("id").GetInt64();
    }

    public Task<JsonElement> JobAsync(long analysis) => _http.GetFromJsonAsync<JsonElement>($"/api/v1/jobs/{analysis}");

    public async Task<HttpResponseMessage> PostAsync(string path, object? body = null) => await _http.PostAsJsonAsync(path, body);

    /// <summary>The job as the API tells it, once it is as it should be.</summary>
    public async Task<JsonElement> UntilAsync(long analysis, Func<JsonElement, bool> condition)
    {
        var job = default(JsonElement);
        await UntilAsync(async () => condition(job = await JobAsync(analysis)), () => $"analysis {analysis} comes so far; it is {job}");
        return job;
    }

    public Task<JsonElement> EndedAsync(long analysis) => UntilAsync(analysis, static job => job.TryGetProperty("ended_at", out _));

    /// <summary>The row of the program's own table, once it is finished.</summary>
    public async Task<AnalysisRow> FinishedRowAsync(long analysis)
    {
        var row = default(AnalysisRow);
        await UntilAsync(() => Task.FromResult((row = AnalysisRow.Read(Path.Combine(_folder, "analysis.db"), analysis)).Finished), () => $"the row is finished; it is {row}");
        return row!;
    }

    /// <summary>SIGKILL for one process, by its place in the list.</summary>
    public void Kill(int process) => _processes[process].Kill();

    public static async Task UntilAsync(Func<Task<bool>> condition, Func<string> what)
    {
        using var over = new CancellationTokenSource(Patience, TimeProvider.System);
        while (!await condition())
        {
            over.IsCancellationRequested.ShouldBeFalse(what());
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes)
        {
            process.Kill();
            await process.WaitForExitAsync();
            process.Dispose();
        }
        _http.Dispose();
        await SpApi.DisposeAsync();
        await Keepa.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task StartProcessAsync(string arguments)
    {
        var process = Process.Start(new ProcessStartInfo(Program, [
            .. arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--urls", "http://127.0.0.1:0", "--sp-api", $"{SpApi.Address}", "--keepa", $"{Keepa.Address}",
            "--Fairlead:Limits:sp_api:Rate", $"{SpApiPerSecond}/s", "--Fairlead:Limits:keepa:Rate", $"{KeepaPerSecond}/s", "--Fairlead:Queues:analysis:SequentialUpTo", "10",
        ]) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = _folder })!;
        _processes.Add(process);
        _ = process.StandardError.ReadToEndAsync();
        await UntilStartedAsync(process.StandardOutput);
        _ = process.StandardOutput.ReadToEndAsync();
    }

    private async Task UntilStartedAsync(StreamReader output)
    {
        var said = new List<string>();
        while (await output.ReadLineAsync().WaitAsync(Patience) is { } line)
        {
            said.Add(line);
            if (Listening().Match(line) is { Success: true } address)
            {
                _http.BaseAddress ??= new Uri(address.Value);
            }
            if (line.Contains("Application started", StringComparison.Ordinal))
            {
                return;
            }
        }
        throw new InvalidOperationException($"It ended before it had started:\n{string.Join('\n', said)}");
    }

    [GeneratedRegex(@"(?<=Now listening on: )http://\S+", RegexOptions.None, 1000)]
    private static partial Regex Listening();
}
