using Fairlead.Cli.Configuration;

namespace Fairlead.Cli.Tests;

/// <summary>Reads texts as if they were files.</summary>
internal static class ConfigurationScene
{
    /// <summary>Every key, as the surface has it.</summary>
    public const string Everything = """
        store: sqlite:./fairlead.db
        http: { url: "http://127.0.0.1:5080", keys: ./keys.yaml }
        retention: { completed: 7d, failed: 30d }
        alerts: { url: "https://alerts.example.com/", on: [slow, starved, crashing, quarantined, dead_node, failed_batch] }
        limits:
          sp_api:  { rate: 8/s, margin: 2 % }
          keepa:   { rate: 5/s, burst: 20, adaptive: true, headers: { remaining: x-tokens-left, reset: x-refill-in } }
          board:   { rate: 100/m, shape: window }
          ebay:    { rate: 5000/day, resets: "00:00 America/Los_Angeles" }
          llm:     { rate: 90000/m, burst: 10000, per_group: true, debt: true }
          browser: { concurrent: 10 }
        queues:
          ai_processing:
            label: AI
            run: [python3, workers/ai_worker.py]
            cwd: .
            env: { TOKEN: "${TOKEN}" }
            protocol: stream
            prefetch: 2
            max_concurrent: 3
            max_per_node: 2
            timeout: { by: /tier, "1": 30s, default: 60s }
            deadline: 7d
            kill_after: 5s
            slow_after: 60s
            max_runtime: 300s
            max_jobs: 100
            max_memory: 2GiB
            idle_timeout: 30s
            spares: 1
            cooldown: 10s
            priority: 0
            retries: 3
            backoff: { first: 2s, max: 5m }
            retry_budget: 10%
            limits: [sp_api, { llm: /tokens }, { board: 2 }]
            group: /account
            group_concurrency: 1
            weights: { big: 2 }
            breaker: { failures: 5, open_for: 30s, max_open: 10m }
            unique: /announcement_id
            sequential_up_to: 0
            max_payload: 1MiB
            then: supabase_upload
          supabase_upload:
            timeout: 60s

        """;

    /// <summary>Every key of schedules, behind <see cref="Everything" />.</summary>
    public const string Schedules = """
        schedules:
          loker:  { queue: ai_processing, payload: { source: loker, pages: 5, deep: [true, "5", null] }, every: 60m, from: finish, enabled: false, priority: 5, timeout: 30s }
          prices: { queue: ai_processing, cron: "0 3 * * *", timezone: Europe/Berlin, overlap: queue, misfire: { all: 50 }, jitter: 30s }
          sync:
            every: 5m
            for_each: { file: accounts.jsonl }
            queues: { from: /workers }
            group: /account
            max_groups: 5
            order: listed
            mode: parallel
            overlap: replace
            payload: { source: sync }
          two:    { every: 1d, queues: [ai_processing, supabase_upload], mode: sequential, misfire: skip }

        """;

    private const string File = "/srv/app/fairlead.yaml";

    public static ServerConfiguration Read(string yaml, params (string Name, string Value)[] variables) => ReadWith(yaml, [], variables);

    /// <summary>Reads with files beside it.</summary>
    public static ServerConfiguration ReadWith(string yaml, Dictionary<string, string> files, params (string Name, string Value)[] variables) => ConfigurationFile.Read(
        File,
        variables.ToDictionary(variable => variable.Name, variable => variable.Value),
        path => path == File ? yaml : files.TryGetValue(path, out var text) ? text : throw new FileNotFoundException($"There is no {path}"));

    /// <summary>The one queue of those keys.</summary>
    public static QueueConfiguration Queue(string keys, params (string Name, string Value)[] variables) =>
        Read($"queues:\n  q:\n    {keys.Replace("\n", "\n    ", StringComparison.Ordinal)}\n", variables).Queues.Single();

    /// <summary>What is said, without the folder.</summary>
    public static IReadOnlyList<string> Errors(string yaml, params (string Name, string Value)[] variables)
    {
        try
        {
            Read(yaml, variables);
            return [];
        }
        catch (ConfigurationException wrong)
        {
            wrong.ExitCode.ShouldBe(ExitCode.Usage);
            return [.. wrong.Errors.Select(error => error.Replace("/srv/app/", "", StringComparison.Ordinal))];
        }
    }
}
