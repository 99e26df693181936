namespace Fairlead.Cli.Tests;

/// <summary>What is wrong with a file is said with its place, what was expected, what came, and the way out; all of it at once.</summary>
public sealed class ConfigurationErrorTests
{
    [Theory]
    [InlineData("sotre: memory", "fairlead.yaml:1:1: sotre is no key of the file; did you mean 'store'?")]
    [InlineData("max_concurrent: 3", "fairlead.yaml:1:1: max_concurrent is no key of the file; 'max_concurrent' belongs under queues.NAME.")]
    [InlineData("store: mysql:x", "fairlead.yaml:1:8: store expects an address such as sqlite:./fairlead.db")]
    [InlineData("store: [a]", "fairlead.yaml:1:8: store expects an address such as sqlite:./fairlead.db, postgres://user:pass@host/db, redis://host:6379/0 or \"memory:\"; got a list.")]
    [InlineData("http: { url: 5080 }", "fairlead.yaml:1:14: http.url expects an address such as http://127.0.0.1:5080; got '5080'.")]
    [InlineData("http: { url: \"http://0.0.0.0:80\" }", "fairlead.yaml:1:14: http.url is reached from other machines, so http expects keys; there are none.")]
    [InlineData("http: { port: 5080 }", "fairlead.yaml:1:9: http.port is no key of http. Expected: url, keys.")]
    [InlineData("retention: { completed: forever }", "fairlead.yaml:1:25: retention.completed expects a duration of more than zero such as 250ms, 60s, 5m, 2h or 7d; got 'forever'.")]
    [InlineData("retention: { failed: 7 }", "got '7'")]
    [InlineData("alerts: { on: [slow] }", "fairlead.yaml:1:9: alerts expects url or run: nobody is told otherwise.")]
    [InlineData("alerts: { url: \"http://a/\", run: [x] }", "fairlead.yaml:1:29: alerts expects either url or run; got both.")]
    [InlineData("alerts: { run: [x], on: [slow, staved] }", "fairlead.yaml:1:32: alerts.on[1] expects slow, starved, crashing, quarantined, dead_node or failed_batch; got 'staved'. Did you mean 'starved'?")]
    [InlineData("limits: { a: { rate: fast } }", "fairlead.yaml:1:22: limits.a.rate expects a rate such as 8/s, 90000/m, 5000/day or 1/2s; got 'fast'.")]
    [InlineData("limits: { a: { burst: 5 } }", "fairlead.yaml:1:14: limits.a expects a rate, such as rate: 8/s, or a number at once, such as concurrent: 10; got neither.")]
    [InlineData("limits: { a: }", "limits.a expects a rate")]
    [InlineData("limits: { a: { rate: 8/s, concurrent: 3 } }", "fairlead.yaml:1:27: limits.a expects either rate or concurrent; got both.")]
    [InlineData("limits: { a: { rate: 8/s, shape: wide } }", "limits.a.shape expects smooth or window; got 'wide'.")]
    [InlineData("limits: { a: { rate: 8/s, margin: 60% } }", "limits.a.margin expects a share such as 2%, up to 50%; got '60%'.")]
    [InlineData("limits: { a: { rate: 8/s, adaptive: yes } }", "limits.a.adaptive expects true or false; got 'yes'.")]
    [InlineData("limits: { a: { rate: 8/s, resets: \"00:00 Mars/Dome\" } }", "limits.a.resets expects a time of day and a time zone such as 00:00 America/Los_Angeles; got '00:00 Mars/Dome'.")]
    [InlineData("limits: { a: { rate: 8/s, resets: \"00:00\" } }", "Resets goes with a plain rate per day")]
    [InlineData("limits: { a: { concurrent: 3, burst: 3 } }", "fairlead.yaml:1:14: Limit 'a' is a number at once")]
    [InlineData("limits: { a/b: { rate: 8/s } }", "no slash")]
    [InlineData("limits: { a: { rate: 8/s, headers: { left: x } } }", "limits.a.headers.left is no key of headers")]
    [InlineData("limits: [a]", "limits expects names of limits with their keys, such as sp_api: { rate: 8/s }; got a list.")]
    [InlineData("queues: ai", "queues expects names of queues with their keys, such as hello: { run: [cat] }; got")]
    [InlineData("queues: { fairlead.cycles: { run: [x] } }", "fairlead.yaml:1:11: queues.fairlead.cycles: names that begin with 'fairlead.' are kept for the queues of cycles.")]
    [InlineData("schedules: [a]", "schedules expects names of schedules with their keys, such as sync: { queue: hello, every: 5m }; got a list.")]
    public void The_file_is_checked(string yaml, string expected) => ConfigurationScene.Errors(yaml).ShouldHaveSingleItem().ShouldContain(expected);

    [Theory]
    [InlineData("max_concurent: 3", "3:5: queues.q.max_concurent is no key of a queue; did you mean 'max_concurrent'? Expected: label, run, cwd,")]
    [InlineData("maxConcurrent: 3", "did you mean 'max_concurrent'?")]
    [InlineData("max_concurrent: three", "3:21: queues.q.max_concurrent expects a whole number of 1 or more; got 'three'.")]
    [InlineData("max_concurrent: 0", "got '0'")]
    [InlineData("max_concurrent: ", "queues.q.max_concurrent expects a whole number of 1 or more; got nothing.")]
    [InlineData("max_concurrent: { a: 1 }", "got keys and values.")]
    [InlineData("max_per_node: 2", "queues.q.max_per_node means nothing without run.")]
    [InlineData("env: { A: b }", "queues.q.env means nothing without run.")]
    [InlineData("cwd: .", "queues.q.cwd means nothing without run.")]
    [InlineData("run: python3 x.py", "queues.q.run expects a list of the program and its arguments, such as [python3, worker.py]; got")]
    [InlineData("run: []", "queues.q.run expects a list of the program and its arguments, such as [python3, worker.py]; got an empty list.")]
    [InlineData("run: [cat, [a]]", "queues.q.run[1] expects a text; got a list.")]
    [InlineData("run: [cat]\nprotocol: lines", "4:15: queues.q.protocol expects job or stream; got 'lines'.")]
    [InlineData("run: [cat]\nprefetch: 2", "4:5: queues.q.prefetch means nothing without protocol: stream. Add that, or leave prefetch out.")]
    [InlineData("run: [cat]\nprotocol: job\nspares: 2", "5:5: queues.q.spares means nothing without protocol: stream.")]
    [InlineData("run: [cat]\nidle_timeout: 2s", "queues.q.idle_timeout means nothing without protocol: stream.")]
    [InlineData("run: [cat]\nmax_jobs: 2", "queues.q.max_jobs means nothing without protocol: stream.")]
    [InlineData("run: [cat]\nprotocol: strem\nspares: 2", "got 'strem'. Did you mean 'stream'?")]
    [InlineData("run: [cat]\nprotocol: stream\nprefetch: 1001", "queues.q.prefetch expects a whole number from 1 to 1000; got '1001'.")]
    [InlineData("run: [cat]\nmax_memory: 2GB", "queues.q.max_memory expects a size such as 512B, 64KiB or 2GiB; got '2GB'.")]
    [InlineData("run: [cat]\nenv: { A: [b] }", "queues.q.env.A expects a text; got a list.")]
    [InlineData("run: [cat]\nenv: { \"A=B\": c }", "queues.q.env expects names of variables, without '='")]
    [InlineData("timeout: 0s", "queues.q.timeout expects a duration of more than zero such as 250ms, 60s, 5m, 2h or 7d; got '0s'.")]
    [InlineData("timeout: soon", "queues.q.timeout expects a duration of more than zero")]
    [InlineData("timeout: [1s]", "queues.q.timeout expects a duration of more than zero such as 250ms, 60s, 5m, 2h or 7d, or the keys of times by payload (by, default); got a list.")]
    [InlineData("timeout: { \"1\": 30s }", "queues.q.timeout expects the key 'by', such as by: /tier; it is not there.")]
    [InlineData("timeout: { by: /tier, default: 30s }", "queues.q.timeout expects at least one value with its time, such as \"1\": 30s; got none.")]
    [InlineData("timeout: { by: tier, \"1\": 30s }", "queues.q.timeout.by expects a JSON pointer into the payload such as /account; got 'tier'.")]
    [InlineData("timeout: { by: /tier, \"1\": 30 }", "queues.q.timeout.1 expects a duration")]
    [InlineData("kill_after: -5s", "queues.q.kill_after expects a duration such as 0s, 250ms, 60s, 5m, 2h or 7d; got '-5s'.")]
    [InlineData("priority: 1001", "queues.q.priority expects a whole number from -1000 to 1000; got '1001'.")]
    [InlineData("retries: -1", "queues.q.retries expects a whole number of 0 or more; got '-1'.")]
    [InlineData("backoff: 5s", "queues.q.backoff expects the keys of backoff (first, max); got '5s'.")]
    [InlineData("backoff: { first: 10m, max: 5m }", "3:33: queues.q.backoff expects first to be no longer than max; got 10m and 5m.")]
    [InlineData("retry_budget: 0%", "queues.q.retry_budget expects a share such as 10%, up to 100%; got '0%'.")]
    [InlineData("group: account", "queues.q.group expects a JSON pointer into the payload such as /account; got 'account'.")]
    [InlineData("unique: id", "queues.q.unique expects a JSON pointer")]
    [InlineData("group_concurrency: 0", "queues.q.group_concurrency expects a whole number of 1 or more; got '0'.")]
    [InlineData("weights: { big: -2 }", "queues.q.weights.big expects a number above zero such as 2 or 0.5; got '-2'.")]
    [InlineData("breaker: { failures: 0 }", "queues.q.breaker.failures expects a whole number from 1 to 1000; got '0'.")]
    [InlineData("breaker: { open_for: 1h, max_open: 1m }", "queues.q.breaker expects open_for to be no longer than max_open; got 1h and 1m.")]
    [InlineData("sequential_up_to: many", "queues.q.sequential_up_to expects a whole number of 0 or more; got 'many'.")]
    [InlineData("max_payload: 2GiB", "queues.q.max_payload expects a size such as 512B, 64KiB or 2GiB, up to 1 GiB; got '2GiB'.")]
    [InlineData("limits: sp_api", "queues.q.limits expects a list of limits, such as [sp_api, { llm: /tokens }]; got 'sp_api'.")]
    [InlineData("limits: [sp_api]", "3:14: queues.q.limits names the limit 'sp_api', which limits does not declare. Declared: none.")]
    [InlineData("limits: [{ llm: tokens }]", "queues.q.limits[0].llm expects a JSON pointer into the payload such as /tokens, or a whole number of 1 or more; got 'tokens'.")]
    [InlineData("then: uplaod", "3:11: queues.q.then names the queue 'uplaod', which queues does not declare. Declared: q.")]
    [InlineData("label: ${NAME}", "3:12: queues.q.label takes the variable NAME, which is not set. Set it, or write ${NAME:-default}.")]
    [InlineData("label: ${NAME", "queues.q.label has a '${' without its '}'.")]
    [InlineData("label: ${a b}", "queues.q.label expects ${NAME}, ${NAME:-default} or ${file:/path} where a ${ stands.")]
    [InlineData("label: \"${file:/run/none}\"", "queues.q.label takes the file '/run/none', which cannot be read: There is no /run/none.")]
    [InlineData("retries: 3\nretries: 4", "4:5: queues.q.retries stands twice; it is first at fairlead.yaml:3:5.")]
    public void A_queue_is_checked(string keys, string expected) =>
        ConfigurationScene.Errors($"queues:\n  q:\n    {keys.Replace("\n", "\n    ", StringComparison.Ordinal)}\n").ShouldHaveSingleItem().ShouldContain(expected);

    [Theory]
    [InlineData("every: 5m", "4:5: schedules.s expects queue or queues, such as queue: scrape or queues: [orders, offers]; got neither.")]
    [InlineData("queue: q", "4:5: schedules.s expects every or cron, such as every: 5m or cron: \"0 3 * * *\"; got neither.")]
    [InlineData("queue: q\nevery: 5m\ncron: \"* * * * *\"", "6:5: schedules.s expects either every or cron; got both.")]
    [InlineData("queue: q\nqueues: [q, r]\nevery: 5m", "5:5: schedules.s expects either queue or queues; got both.")]
    [InlineData("queue: q\nevery: 500ms", "5:12: schedules.s.every expects a duration of 1s or more such as 30s, 5m, 2h or 7d; got '500ms'.")]
    [InlineData("queue: q\ncron: \"* * * * *\"\nfrom: finish", "6:5: schedules.s.from means nothing without every.")]
    [InlineData("queue: q\nevery: 5m\ntimezone: Europe/Berlin", "6:5: schedules.s.timezone means nothing without cron.")]
    [InlineData("queue: q\nevery: 5m\nmax_groups: 5", "6:5: schedules.s.max_groups means nothing without for_each.")]
    [InlineData("queue: q\nevery: 5m\norder: fair", "6:5: schedules.s.order means nothing without for_each.")]
    [InlineData("queue: q\nevery: 5m\nmode: sequential", "6:5: schedules.s.mode means nothing without for_each, or several queues.")]
    [InlineData("queues: { from: /workers }\nevery: 5m", "4:5: schedules.s.queues means nothing without for_each")]
    [InlineData("queue: q\nevery: 5m\nfrom: finish\nmisfire: once", "7:5: schedules.s.misfire means nothing without from: start")]
    [InlineData("queue: q\nevery: 5m\njitter: 10m", "6:13: schedules.s.jitter expects less than every, 5m; got 10m.")]
    [InlineData("queue: q\nevery: 5m\nfor_each: { }", "schedules.s.for_each expects one of file, run and url, such as file: accounts.jsonl; got none.")]
    [InlineData("queue: q\nevery: 5m\nfor_each: { file: a, url: \"http://a/\" }", "got several.")]
    [InlineData("queue: q\nevery: 5m\nfor_each: { file: a }\npayload: [1]", "7:14: schedules.s.payload expects keys and values beside for_each")]
    [InlineData("queue: q\nevery: 5m\nfor_each: { file: a }\nmode: sequential\nmax_groups: 2", "8:5: schedules.s.max_groups means nothing without mode: parallel")]
    [InlineData("queue: qq\nevery: 5m", "4:12: schedules.s.queue names the queue 'qq', which queues does not declare; did you mean 'q'? Declared: q, r.")]
    [InlineData("queues: [q, x-x-x]\nevery: 5m", "4:17: schedules.s.queues[1] names the queue 'x-x-x', which queues does not declare.")]
    [InlineData("queues: [q, q]\nevery: 5m", "4:17: schedules.s.queues[1] names 'q' twice; once is expected.")]
    [InlineData("queue: q\ncron: \"0 3 * *\"", "5:11: schedules.s.cron: A cron expression has five fields")]
    [InlineData("queue: q\ncron: \"0 3 * * *\"\ntimezone: Europe/Berlim", "6:15: schedules.s.timezone: Expected an IANA time zone such as Europe/Berlin; got 'Europe/Berlim'. Did you mean 'Europe/Berlin'?")]
    [InlineData("queue: q\nevery: 5m\noverlap: skipp", "schedules.s.overlap expects skip, queue, replace or allow; got 'skipp'. Did you mean 'skip'?")]
    [InlineData("queue: q\nevery: 5m\nmisfire: { all: 1001 }", "schedules.s.misfire.all expects a whole number from 1 to 1000; got '1001'.")]
    [InlineData("queue: q\nevry: 5m\nevery: 5m", "5:5: schedules.s.evry is no key of a schedule; did you mean 'every'?")]
    public void A_schedule_is_checked(string keys, string expected) =>
        ConfigurationScene.Errors($"queues: {{ q: , r: }}\nschedules:\n  s:\n    {keys.Replace("\n", "\n    ", StringComparison.Ordinal)}\n").ShouldHaveSingleItem().ShouldContain(expected);

    [Fact]
    public void What_is_meant_is_guessed()
    {
        var errors = ConfigurationScene.Errors("limits: { sp_api: { rate: 8/s } }\nqueues:\n  upload: { limits: [sp_apii, sp_api, { sp_api: 2 }] }\n  scrape: { then: uplod }\n");

        errors.Count.ShouldBe(3);
        errors.ShouldContain(error => error.StartsWith("fairlead.yaml:3:22: queues.upload.limits names the limit 'sp_apii', which limits does not declare; did you mean 'sp_api'?", StringComparison.Ordinal));
        errors.ShouldContain(error => error.StartsWith("fairlead.yaml:3:21: queues.upload.limits names 'sp_api' twice", StringComparison.Ordinal));
        errors.ShouldContain(error => error.Contains("did you mean 'upload'?", StringComparison.Ordinal));
    }

    [Fact]
    public void All_errors_are_said_at_once_in_the_order_of_the_file()
    {
        var errors = ConfigurationScene.Errors("stoer: memory\nqueues:\n  a: { retries: x, timeout: 0s, then: b }\n  a: { }\n  \"\": { }\nhttp: [1]\n", ("FAIRLEAD__QUEUES__C__RETRIES", "1"));

        errors.Select(error => error.Split(": ")[0]).ShouldBe(
            ["fairlead.yaml:1:1", "fairlead.yaml:3:17", "fairlead.yaml:3:29", "fairlead.yaml:3:39", "fairlead.yaml:4:3", "fairlead.yaml:5:3", "fairlead.yaml:6:7", "FAIRLEAD__QUEUES__C__RETRIES"]);
    }

    [Theory]
    [InlineData("a: 1\nb: [", "fairlead.yaml:3:1: Expected YAML. While parsing a node, did not find expected node content.")]
    [InlineData("store: memory:", "A text with a colon at its end, or before a space, needs quotes")]
    [InlineData("queues:\n\tq: {}", "fairlead.yaml:2:1: Expected YAML. While scanning a mapping, found invalid tab as indentation.")]
    [InlineData("- a", "fairlead.yaml:1:1: Expected YAML. The file expects keys and values, such as store: sqlite:./fairlead.db.")]
    [InlineData("a: 1\n---\nb: 1", "fairlead.yaml:2:1: Expected YAML. A second document begins here; one is expected.")]
    [InlineData("a: *b", "There is no anchor 'b' before this")]
    [InlineData("a: !!binary x", "Tags mean nothing here; leave it out")]
    [InlineData("{[a]: b}", "A key expects to be a plain text")]
    public void What_is_no_yaml_is_said_with_its_place(string yaml, string expected) => ConfigurationScene.Errors(yaml).ShouldHaveSingleItem().ShouldContain(expected);

    [Fact]
    public void A_file_that_is_not_there_says_how_to_make_one() => Should.Throw<CommandFailure>(() => Configuration.ConfigurationFile.Read(
        "none.yaml", new Dictionary<string, string>(), path => throw new FileNotFoundException(path))).Message.ShouldBe("There is no none.yaml. fairlead init writes one to begin with.");
}
