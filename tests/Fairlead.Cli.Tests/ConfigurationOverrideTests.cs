using Fairlead.Cli.Configuration;

namespace Fairlead.Cli.Tests;

/// <summary>Variables stand above the file.</summary>
public sealed class ConfigurationOverrideTests
{
    private const string File = """
        limits:
          sp-api: { rate: 8/s }
        queues:
          ai-processing:
            run: [cat]
            env: { Token: old }
            max_concurrent: 3
            timeout: { by: /tier, "1": 30s }
          upload.v2: { retries: 1 }
        """;

    private static ServerConfiguration Read(params (string Name, string Value)[] variables) => ConfigurationScene.Read(File, variables);

    private static string Error(string name, string value) => ConfigurationScene.Errors(File, (name, value)).ShouldHaveSingleItem();

    [Theory]
    [InlineData("FAIRLEAD__QUEUES__AI_PROCESSING__MAX_CONCURRENT")]
    [InlineData("fairlead__queues__ai_processing__max_concurrent")]
    [InlineData("Fairlead__Queues__ai-processing__Max_Concurrent")]
    public void Case_and_dashes_do_not_matter(string name) => Read((name, "5")).Queue("ai-processing")!.Definition.MaxConcurrent.ShouldBe(5);

    [Fact]
    public void What_is_not_in_the_file_is_added()
    {
        var all = Read(
            ("FAIRLEAD__STORE", "sqlite:other.db"), ("FAIRLEAD__HTTP__URL", "http://127.0.0.1:9"), ("FAIRLEAD__QUEUES__UPLOAD_V2__RETRIES", "7"),
            ("FAIRLEAD__QUEUES__AI_PROCESSING__BACKOFF__FIRST", "1s"), ("FAIRLEAD__LIMITS__SP_API__BURST", "4"));

        (all.Store, all.Http.Url.Port).ShouldBe(("sqlite:/srv/app/other.db", 9));
        all.Queue("upload.v2")!.Definition.Retries.ShouldBe(7);
        all.Queue("ai-processing")!.Definition.BackoffFirst.ShouldBe(TimeSpan.FromSeconds(1));
        all.Limits[0].Limit.ShouldBe(new Limit { Rate = 8.PerSecond(), Burst = 4 });
    }

    [Fact]
    public void Variables_for_programs_keep_the_name_they_have_or_get_the_one_that_is_written()
    {
        var pool = Read(("FAIRLEAD__QUEUES__AI_PROCESSING__ENV__TOKEN", "newer"), ("FAIRLEAD__QUEUES__AI_PROCESSING__ENV__Other", "${x}")).Queue("ai-processing")!.Pool!;

        pool.Environment.ShouldBe(new Dictionary<string, string> { ["Token"] = "newer", ["Other"] = "${x}" }, ignoreOrder: true);
        pool.Secrets.ShouldBe(["newer", "${x}"], ignoreOrder: true);
    }

    [Fact]
    public void Lists_and_tiers_are_written_as_in_the_file()
    {
        var queue = Read(
            ("FAIRLEAD__QUEUES__AI_PROCESSING__RUN", "[python3, a b.py]"), ("FAIRLEAD__QUEUES__AI_PROCESSING__LIMITS", "[{ sp-api: 2 }]"),
            ("FAIRLEAD__QUEUES__AI_PROCESSING__TIMEOUT__1", "9s"), ("FAIRLEAD__QUEUES__AI_PROCESSING__TIMEOUT__DEFAULT", "8s"),
            ("FAIRLEAD__QUEUES__AI_PROCESSING__WEIGHTS__big", "2"), ("FAIRLEAD__QUEUES__AI_PROCESSING__LABEL", "[AI]")).Queue("ai-processing")!;

        queue.Pool!.Run.ShouldBe(["python3", "a b.py"]);
        queue.Definition.Limits.ShouldBe([new LimitUse("sp-api", 2)]);
        queue.Definition.TimeoutBy!.Times["1"].ShouldBe(TimeSpan.FromSeconds(9));
        queue.Definition.Timeout.ShouldBe(TimeSpan.FromSeconds(8));
        queue.Definition.Weights["big"].ShouldBe(2);
        queue.Definition.Label.ShouldBe("[AI]");
    }

    [Fact]
    public void A_whole_is_replaced_by_one_value() =>
        Read(("FAIRLEAD__QUEUES__AI_PROCESSING__TIMEOUT", "5s")).Queue("ai-processing")!.Definition.TimeoutBy.ShouldBeNull();

    [Theory]
    [InlineData("FAIRLEAD__QUEUES__AI_PROCESSING__MAX_CONCURENT", "5", "leads to no key of a queue; did you mean FAIRLEAD__QUEUES__AI_PROCESSING__MAX_CONCURRENT?")]
    [InlineData("FAIRLEAD__QUEUES__AI_PROCESING__RETRIES", "5", "leads to no queue; did you mean FAIRLEAD__QUEUES__AI_PROCESSING__RETRIES? Expected: ai-processing, upload.v2.")]
    [InlineData("FAIRLEAD__QUEUE__AI_PROCESSING__RETRIES", "5", "leads to no key of the file; did you mean FAIRLEAD__QUEUES__AI_PROCESSING__RETRIES?")]
    [InlineData("FAIRLEAD__", "5", "leads to no key of the file")]
    [InlineData("FAIRLEAD__QUEUES__AI_PROCESSING__RETRIES__MORE", "5", "leads to no key: queues.ai-processing.retries is whole number from 0, and has no keys inside. Expected FAIRLEAD__QUEUES__AI_PROCESSING__RETRIES.")]
    [InlineData("FAIRLEAD__QUEUES__AI_PROCESSING__MAX_CONCURRENT", "many", "queues.ai-processing.max_concurrent expects a whole number of 1 or more; got 'many'.")]
    [InlineData("FAIRLEAD__QUEUES__AI_PROCESSING__RUN", "cat", "queues.ai-processing.run expects a list of the program and its arguments, such as [python3, worker.py]; got 'cat'.")]
    [InlineData("FAIRLEAD__QUEUES__AI_PROCESSING__RUN", "[cat", "Expected YAML.")]
    [InlineData("FAIRLEAD__QUEUES__UPLOAD_V2__PREFETCH", "3", "queues.upload.v2.prefetch means nothing without run.")]
    public void What_is_wrong_names_the_variable(string name, string value, string expected)
    {
        var error = Error(name, value);

        error.ShouldStartWith($"{name}: ");
        error.ShouldContain(expected);
    }

    [Theory]
    [InlineData("FAIRLEAD_STORE")]
    [InlineData("FAIRLEAD_TRACE")]
    [InlineData("FAIRLEADER__X")]
    public void Other_variables_are_none(string name) => Read((name, "x")).Queues.Count.ShouldBe(2);
}
