using Fairlead.Policies;
using Fairlead.Schedules;

namespace Fairlead.Cli.Configuration;

/// <summary>The keys of one of <c>schedules:</c>.</summary>
internal static class ScheduleKeys
{
    private static readonly ScalarType<bool> From = Types.OneOf(("start", false), ("finish", true));

    private static readonly ScalarType<ScheduleOverlap> Overlap = Types.OneOf(
        ("skip", ScheduleOverlap.Skip), ("queue", ScheduleOverlap.Queue), ("replace", ScheduleOverlap.Replace), ("allow", ScheduleOverlap.Allow));

    private static readonly ScalarType<CycleOrder> Order = Types.OneOf(("shuffle", CycleOrder.Shuffle), ("fair", CycleOrder.Fair), ("listed", CycleOrder.Listed));

    private static readonly ScalarType<bool> Mode = Types.OneOf(("parallel", false), ("sequential", true));

    private static readonly ConfigurationType<MisfireChoice> Misfire = new ChoiceType<MisfireChoice>(
        Types.OneOf(("once", ScheduleMisfire.Once), ("all", ScheduleMisfire.All), ("skip", ScheduleMisfire.Skip)).Then(static misfire => new MisfireChoice(misfire, 100)),
        new SectionType<MisfireChoice>("misfire", static _ => new MisfireChoice(ScheduleMisfire.All, 100),
        [
            Key.Of("all", Types.Whole(1, 1000), static (MisfireChoice choice, int most) => choice with { Cap = most }, "Make up for each, the newest so many at most.", "50", required: true),
        ]));

    private static readonly ConfigurationType<QueueChoice> QueueChoices = new ChoiceType<QueueChoice>(
        new ListType<string>("list of queues", "a list of queues, such as [orders, offers]", Types.Text).Then(static queues => new QueueChoice(queues, null)),
        new SectionType<QueueChoice>("queues by target", static _ => new QueueChoice([], null),
        [
            Key.Of("from", Types.Pointer, static (QueueChoice choice, string pointer) => choice with { From = pointer }, "Where each target lists the queues it gets a job in.", "/workers", required: true),
        ]));

    private static readonly SectionType<TargetConfiguration> Targets = new("for_each", static reading => new TargetConfiguration { Directory = reading.FullPath(".") },
    [
        Key.Of("file", Types.Text.Then(static (path, reading) => (Name: path, Path: reading.FullPath(path))), static (TargetConfiguration targets, (string Name, string Path) file) => targets with { File = file.Name, Path = file.Path },
            "A file of targets: one JSON value a line, or a JSON array. Read anew for every cycle.", "accounts.jsonl"),
        Key.Of("run", QueueKeys.Program, static (TargetConfiguration targets, IReadOnlyList<string> run) => targets with { Run = run },
            "A program that writes them on its standard output. Its standard error is the cycle's log; it has 60 s, and any exit but 0 is an error.", "[./accounts.sh]"),
        Key.Of("url", Types.Address, static (TargetConfiguration targets, Uri url) => targets with { Url = url },
            "An address that answers GET with them. Its query is never shown.", "\"https://accounts.example.com/active\""),
    ])
    {
        Rules = static (mapping, _, reading) =>
        {
            if (mapping.Entries.Count(static entry => entry.Key is "file" or "run" or "url") is not 1 and var count)
            {
                reading.Errors.Add(mapping.Place, $"{mapping.Path} expects one of file, run and url, such as file: accounts.jsonl; got {(count == 0 ? "none" : "several")}.");
            }
        },
    };

    public static readonly SectionType<ScheduleDraft> Section = new("a schedule", static _ => new ScheduleDraft(),
    [
        Of("queue", Types.Text, static (schedule, queue) => schedule with { Queues = [queue] }, "The queue in which each round is a job.", "hello"),
        Of("queues", QueueChoices, static (schedule, queues) => schedule with { Queues = queues.Queues, QueuesFrom = queues.From }, "The queues in which each round, or each target of it, gets a job.", "[orders, offers, messages]"),
        Of("payload", new JsonType(), static (schedule, json) => schedule with { Payload = json }, "The payload of its jobs. With for_each: what each is given beside its target, whose own members win.", "{ source: loker }", "null, or the target"),
        Of("every", Types.Distance, static (schedule, time) => schedule with { Every = time }, "How far apart rounds are.", "60m"),
        Of("cron", Types.Text, static (schedule, cron) => schedule with { Cron = cron }, "When rounds are due, by the calendar: minute, hour, day of month, month, day of week; six fields begin with seconds. In place of every.", "\"0 3 * * *\""),
        Of("timezone", Types.Text, static (schedule, zone) => schedule with { TimeZone = zone }, "The time zone of cron, by its IANA name.", "Europe/Berlin", "UTC"),
        Of("from", From, static (schedule, finish) => schedule with { FromFinish = finish }, "What every counts from: start, a fixed rate; finish, a pause after the end of the round before.", "finish", "start"),
        Of("overlap", Overlap, static (schedule, overlap) => schedule with { Overlap = overlap }, "What happens to a round that is due while the one before runs, or with for_each to a target whose jobs of an earlier cycle do: skip it, queue it behind, replace what runs, allow both.", "skip", "skip"),
        Of("misfire", Misfire, static (schedule, misfire) => schedule with { Misfire = misfire }, "What happens to rounds whose time passed while no node was there: once for all of them, all of them (at most 100, or { all: 50 }), or skip.", "once", "once"),
        Of("jitter", Types.DurationOrZero, static (schedule, time) => schedule with { Jitter = time }, "Each round starts up to this much later.", "30s", "0s"),
        Of("enabled", Types.Flag, static (schedule, on) => schedule with { Enabled = on }, "false: paused until somebody resumes it.", "true", "true"),
        Of("for_each", Targets, static (schedule, targets) => schedule with { Targets = targets }, "Each round is a cycle over targets, which are read when it begins.", "{ file: accounts.jsonl }"),
        Of("group", Types.Pointer, static (schedule, pointer) => schedule with { Group = pointer }, "Where a target says its key, which tells it from others and is its jobs' group; not needed where targets are texts or numbers.", "/account"),
        Of("max_groups", Types.Whole(1), static (schedule, number) => schedule with { MaxGroups = number }, "How many targets run at once in the cluster, over all cycles of the schedule.", "5", "no limit"),
        Of("order", Order, static (schedule, order) => schedule with { Order = order }, "In which order targets are taken: shuffled anew, those that used the least time first, or as listed.", "shuffle", "shuffle"),
        Of("mode", Mode, static (schedule, sequential) => schedule with { Sequential = sequential }, "sequential: one target after the other, and of each one job after the other.", "parallel", "parallel"),
        Of("priority", Types.Whole(-1000, 1000), static (schedule, number) => schedule with { Priority = number }, "The priority of its jobs in their queues.", "0", "0"),
        Of("timeout", Types.Duration, static (schedule, time) => schedule with { Timeout = time }, "How long one attempt of its jobs may take.", "60s", "the queue's"),
    ])
    {
        Rules = static (mapping, draft, reading) => Check(mapping, draft, reading),
    };

    public static readonly ConfigurationType<IReadOnlyList<ScheduleConfiguration>> Map = new MapType<ScheduleDraft>("schedule", "names of schedules with their keys, such as sync: { queue: hello, every: 5m }", Section)
        .Then(static schedules => (IReadOnlyList<ScheduleConfiguration>)[.. schedules.Select(static schedule => schedule.Value.Finish(schedule.Name))]);

    private static readonly string[] OfTargets = ["group", "max_groups", "order"];

    private static Key<ScheduleDraft> Of<T>(string name, ConfigurationType<T> type, Func<ScheduleDraft, T, ScheduleDraft> set, string doc, string example, string? standard = null) =>
        Key.Of(name, type, set, doc, example, standard);

    private static void Check(MappingNode mapping, ScheduleDraft draft, Reading reading)
    {
        One(mapping, reading, ("every", "every: 5m"), ("cron", "cron: \"0 3 * * *\""));
        One(mapping, reading, ("queue", "queue: scrape"), ("queues", "queues: [orders, offers]"));
        CheckTime(mapping, draft, reading);
        CheckTargets(mapping, draft, reading);
    }

    private static void One(MappingNode mapping, Reading reading, (string Key, string Example) one, (string Key, string Example) other)
    {
        if (!mapping.RefuseBoth(reading, one.Key, other.Key) && !mapping.Has(one.Key) && !mapping.Has(other.Key))
        {
            reading.Errors.Add(mapping.Place, $"{mapping.Path} expects {one.Key} or {other.Key}, such as {one.Example} or {other.Example}; got neither.");
        }
    }

    private static void CheckTime(MappingNode mapping, ScheduleDraft draft, Reading reading)
    {
        if (!mapping.Has("every"))
        {
            mapping.Need(reading, ["from"], "every");
        }
        if (!mapping.Has("cron"))
        {
            mapping.Need(reading, ["timezone"], "cron");
        }
        if (draft.FromFinish)
        {
            mapping.Need(reading, ["misfire"], "from: start: a pause after an end is never missed");
        }
        if (mapping.Find("jitter") is { } jitter && draft is { FromFinish: false, Every: { } every } && draft.Jitter >= every)
        {
            reading.Errors.Add(jitter.Place, $"{jitter.Path} expects less than every, {DurationText.Format(every)}; got {DurationText.Format(draft.Jitter)}.");
        }
        CheckCron(mapping, draft, reading);
    }

    private static void CheckCron(MappingNode mapping, ScheduleDraft draft, Reading reading)
    {
        if (draft.Cron is { } cron && mapping.Find("cron") is { } node && CronText.Problem(cron) is { } problem)
        {
            reading.Errors.Add(node.Place, $"{node.Path}: {problem}");
        }
        if (mapping.Find("timezone") is { } zone && ZoneText.Problem(draft.TimeZone) is { } unknown)
        {
            reading.Errors.Add(zone.Place, $"{zone.Path}: {unknown}");
        }
    }

    private static void CheckTargets(MappingNode mapping, ScheduleDraft draft, Reading reading)
    {
        if (!mapping.Has("for_each"))
        {
            mapping.Need(reading, OfTargets, "for_each");
            if (draft.QueuesFrom is not null)
            {
                mapping.Need(reading, ["queues"], "for_each, since queues: { from: … } looks into targets");
            }
            if (draft.Queues.Count == 1)
            {
                mapping.Need(reading, ["mode"], "for_each, or several queues");
            }
        }
        else if (mapping.Find("payload") is { } payload and not (MappingNode or ScalarNode { IsNull: true }))
        {
            reading.Errors.Add(payload.Place, $"{payload.Path} expects keys and values beside for_each, such as {{ source: loker }}: what each job is given beside its target.");
        }
        if (draft.Sequential)
        {
            mapping.Need(reading, ["max_groups"], "mode: parallel: in sequence there is one at a time");
        }
    }
}

/// <summary>Which queues a round's jobs go to.</summary>
/// <param name="Queues">The queues; empty where targets say it.</param>
/// <param name="From">Where they say it.</param>
internal sealed record QueueChoice(IReadOnlyList<string> Queues, string? From);
