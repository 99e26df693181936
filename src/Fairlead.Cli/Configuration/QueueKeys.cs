using System.Globalization;
using System.Text.Json.Nodes;
using Fairlead.Processes.Pools;
using Fairlead.Storage;

namespace Fairlead.Cli.Configuration;

/// <summary>The keys of one of <c>queues:</c>.</summary>
internal static class QueueKeys
{
    /// <summary>A program and its arguments.</summary>
    public static readonly ListType<string> Program = new("list", "a list of the program and its arguments, such as [python3, worker.py]", Types.Text);

    private static readonly ScalarType<PoolProtocol> Protocol = Types.OneOf(("job", PoolProtocol.Job), ("stream", PoolProtocol.Stream));

    private static readonly ConfigurationType<IReadOnlyList<Named<VariableText>>> Variables =
        new MapType<VariableText>("variable", "names and values of variables, such as { TOKEN: \"${TOKEN}\" }", Types.Secret) { IsOpen = true };

    private static readonly ConfigurationType<Dictionary<string, double>> Weights =
        new MapType<double>("group", "names of groups with their weights, such as { big: 2 }", Types.Weight) { IsOpen = true }
            .Then(static groups => groups.ToDictionary(static group => group.Name, static group => group.Value, StringComparer.Ordinal));

    private static readonly ScalarType<LimitUse> Cost = new(
        "cost", "a JSON pointer into the payload such as /tokens, or a whole number of 1 or more",
        static () => new JsonObject { ["anyOf"] = new JsonArray(Types.Pattern("/.*"), new JsonObject { ["type"] = "integer", ["minimum"] = 1 }) }, TryCost);

    private static readonly ListType<IReadOnlyList<LimitUse>> LimitUses = new("list of limits", "a list of limits, such as [sp_api, { llm: /tokens }]", new ChoiceType<IReadOnlyList<LimitUse>>(
        Types.Text.Then(static name => (IReadOnlyList<LimitUse>)[new LimitUse(name)]),
        new MapType<LimitUse>("limit", "limits with what a job costs them, such as { llm: /tokens }", Cost)
            .Then(static uses => (IReadOnlyList<LimitUse>)[.. uses.Select(static use => use.Value with { Name = use.Name })])));

    public static readonly SectionType<QueueDraft> Section = new("a queue", QueueDraft.New,
    [
        Of("label", Types.Text, static (queue, label) => queue with { Label = label }, "A short name for status lines.", "AI", "the queue's name"),
        OfPool("run", Program, static (pool, run) => pool with { Run = run }, "The program and its arguments, of which processes are started for the queue's jobs. A queue without it is declared, and served by other programs.", "[python3, workers/ai_worker.py]"),
        OfPool("cwd", Types.Path, static (pool, folder) => pool with { Directory = folder }, "Where the program runs.", ".", "the file's folder"),
        OfPool("env", Variables, static (pool, variables) => WithVariables(pool, variables), "Variables for the program, beside those of this process. Values are never shown; those that come from variables or files are replaced in what the program writes.", "{ TOKEN: \"${TOKEN:-none}\" }"),
        OfPool("protocol", Protocol, static (pool, protocol) => pool with { Protocol = protocol }, "job: one process for each job. stream: many jobs for each process, one JSON object a line.", "stream", "job"),
        OfPool("prefetch", Types.Whole(1, 1000), static (pool, number) => pool with { Prefetch = number }, "How many jobs a process is handed at once; what is handed counts as processing. With protocol: stream.", "10", "1"),
        Of("max_concurrent", Types.Whole(1), static (queue, number) => queue with { MaxConcurrent = number }, "How many of its jobs may be processing at once in the cluster.", "3", "no limit"),
        OfPool("max_per_node", Types.Whole(1), static (pool, number) => pool with { MaxPerNode = number }, "How many processes there may be on one node.", "2", "as many as max_concurrent asks for, or as there are processors"),
        Of("timeout", TimeoutKeys.Choice, static (queue, timeout) => timeout.ApplyTo(queue), "How long one attempt may take; one time, or times by what the payload says.", "60s", "no limit but the deadline"),
        Of("deadline", Types.Duration, static (queue, time) => queue with { Deadline = time }, "How long after enqueueing a job may still be waiting or running.", "7d", "7d"),
        Of("kill_after", Types.DurationOrZero, static (queue, time) => queue with { KillAfter = time }, "How long a process that was told to stop may go on before it is killed.", "5s", "5s"),
        Of("slow_after", Types.Duration, static (queue, time) => queue with { SlowAfter = time }, "An attempt that runs longer is reported as slow.", "60s", "never"),
        OfPool("max_runtime", Types.Duration, static (pool, time) => pool with { MaxRuntime = time }, "How long a process may live.", "300s", "no limit"),
        OfPool("max_jobs", Types.Whole(1), static (pool, number) => pool with { MaxJobs = number }, "How many jobs a process is given before it is let go. With protocol: stream.", "1000", "no limit"),
        OfPool("max_memory", Types.Size(long.MaxValue), static (pool, bytes) => pool with { MaxMemory = bytes }, "How much memory a process and its children may hold; one that holds more is ended, and its attempt has failed.", "2GiB", "no limit"),
        OfPool("idle_timeout", Types.Duration, static (pool, time) => pool with { IdleTimeout = time }, "How long a process may be without a job before it is let go. With protocol: stream.", "60s", "60s"),
        OfPool("spares", Types.Whole(0, 1000), static (pool, number) => pool with { Spares = number }, "How many processes stand ready without a job, beyond those that work. With protocol: stream.", "1", "0"),
        OfPool("cooldown", Types.DurationOrZero, static (pool, time) => pool with { Cooldown = time }, "The least time between a process's end and the next start in its place; a first start waits for nothing.", "10s", "0s"),
        Of("priority", Types.Whole(-1000, 1000), static (queue, number) => queue with { Priority = number }, "Queues with a higher number are served first by a node that serves several.", "0", "0"),
        Of("retries", Types.Whole(0), static (queue, number) => queue with { Retries = number }, "How many attempts may follow a failed first one.", "3", "3"),
        Of("backoff", BackoffKeys.Section, static (queue, backoff) => queue with { BackoffFirst = backoff.First, BackoffMax = backoff.Max }, "How long a retry waits.", "{ first: 2s, max: 5m }"),
        Of("retry_budget", Types.Share(0, 1, "10%"), static (queue, share) => queue with { RetryBudget = share }, "Retries as a share of first attempts: those beyond it are paced, never refused.", "10%", "no pacing"),
        Of("limits", LimitUses, static (queue, uses) => queue with { Limits = [.. uses.SelectMany(static use => use)] }, "What each job takes of which limits before its attempt starts: a name for one permit, or a name with a number or a JSON pointer to one.", "[sp_api, { llm: /tokens }]"),
        Of("group", Types.Pointer, static (queue, pointer) => queue with { Group = pointer }, "Where the payload says which group a job is of; groups share the queue fairly.", "/account"),
        Of("group_concurrency", Types.Whole(1), static (queue, number) => queue with { GroupConcurrency = number }, "How many jobs of one group may be processing at once in the cluster.", "1", "no limit"),
        Of("weights", Weights, static (queue, weights) => queue with { Weights = weights }, "Groups that get more, or less, than the others' 1.", "{ big: 2 }"),
        Of("breaker", BreakerKeys.Section, static (queue, breaker) => queue with { Breaker = breaker }, "The circuit breaker each group gets: while it is open, the group's jobs wait.", "{ failures: 5, open_for: 30s, max_open: 10m }", "none"),
        Of("unique", Types.Pointer, static (queue, pointer) => queue with { Unique = pointer }, "Where the payload says what must be unique among the queue's jobs that are not finished.", "/announcement_id"),
        Of("sequential_up_to", Types.Whole(0), static (queue, number) => queue with { SequentialUpTo = number }, "Batches of at most this many items run one item after the other.", "10", "0"),
        Of("max_payload", Types.Size(1 << 30), static (queue, bytes) => queue with { MaxPayload = (int)bytes }, "The largest payload that is accepted.", "1MiB", "1MiB"),
        Of("then", Types.Text, static (queue, next) => queue with { Then = new NextStep(next, new JobKind(next, 1)) }, "The queue in which the result of a completed job is the next job's payload, added in the same transaction.", "upload"),
    ])
    {
        Rules = static (mapping, draft, reading) => Check(mapping, draft, reading),
    };

    public static readonly ConfigurationType<IReadOnlyList<QueueConfiguration>> Map = new MapType<QueueDraft>("queue", "names of queues with their keys, such as hello: { run: [cat] }", Section)
        .Then(static queues => (IReadOnlyList<QueueConfiguration>)[.. queues.Select(static queue => queue.Value.Finish(queue.Name))]);

    private static readonly string[] OfStreams = ["prefetch", "max_jobs", "idle_timeout", "spares"];
    private static readonly string[] OfPools = ["cwd", "env", "protocol", "max_per_node", "max_runtime", "max_memory", "cooldown", .. OfStreams];

    private static Key<QueueDraft> Of<T>(string name, ConfigurationType<T> type, Func<QueueDefinition, T, QueueDefinition> set, string doc, string example, string? standard = null) =>
        Key.Of(name, type, (QueueDraft draft, T value) => draft with { Definition = set(draft.Definition, value) }, doc, example, standard);

    private static Key<QueueDraft> OfPool<T>(string name, ConfigurationType<T> type, Func<PoolOptions, T, PoolOptions> set, string doc, string example, string? standard = null) =>
        Key.Of(name, type, (QueueDraft draft, T value) => draft with { Pool = set(draft.Pool, value) }, doc, example, standard);

    private static void Check(MappingNode mapping, QueueDraft draft, Reading reading)
    {
        if (!mapping.Has("run"))
        {
            mapping.Need(reading, OfPools, "run");
        }
        else if (draft.Pool.Protocol == PoolProtocol.Job && !(mapping.Find("protocol") is { } protocol && reading.Errors.At(protocol.Place)))
        {
            mapping.Need(reading, OfStreams, "protocol: stream");
        }
        if (mapping.Find("env") is MappingNode variables)
        {
            CheckNames(variables, reading);
        }
    }

    private static void CheckNames(MappingNode variables, Reading reading)
    {
        foreach (var entry in variables.Entries.Where(static entry => entry.Key.Length == 0 || entry.Key.AsSpan().ContainsAny('=', '\0')))
        {
            reading.Errors.Add(entry.Place, $"{variables.Path} expects names of variables, without '='; got one that is none.");
        }
    }

    private static PoolOptions WithVariables(PoolOptions pool, IReadOnlyList<Named<VariableText>> variables) => pool with
    {
        Environment = variables.ToDictionary(static variable => variable.Name, static variable => variable.Value.Text, StringComparer.Ordinal),
        Secrets = [.. variables.SelectMany(static variable => variable.Value.Taken).SelectMany(Secrets).Distinct(StringComparer.Ordinal)],
    };

    /// <summary>A value, and each of its lines, since programs write lines; shorter ones stand in too many innocent words.</summary>
    private static IEnumerable<string> Secrets(string value)
    {
        const int least = 4;
        return value.Split('\n', StringSplitOptions.TrimEntries).Prepend(value).Where(static secret => secret.Length >= least);
    }

    private static bool TryCost(string text, out LimitUse value)
    {
        value = new LimitUse("", 1, text);
        if (JsonPointer.Problem(text) is null)
        {
            return true;
        }
        var whole = long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var cost) && cost > 0;
        value = new LimitUse("", cost);
        return whole;
    }
}
