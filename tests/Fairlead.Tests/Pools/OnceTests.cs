using System.Text.Json;
using Fairlead.Storage;

namespace Fairlead.Tests.Pools;

/// <summary>Keys that processes of <c>protocol: stream</c> take once.</summary>
public sealed class OnceTests
{
    private readonly List<string> _heard = [];

    [Fact]
    public void A_key_is_new_for_the_first_job_and_seen_by_the_next()
    {
        var scene = Serve(async task => await AskAsync(task, """{"once":"a","for":$}"""));
        scene.Enqueue(2);
        scene.RunUntilEnded();
        _heard.ShouldBe(["""{"once":"a","for":1,"new":true}""", """{"once":"a","for":2,"new":false}"""]);
    }

    [Fact]
    public void Many_keys_are_asked_for_in_one_line_and_answered_in_one()
    {
        var scene = Serve(async task =>
        {
            await AskAsync(task, task.Job == 1 ? """{"once":["a","b"],"for":$}""" : """{"once":["b","c","c"],"for":$}""");
            await AskAsync(task, """{"once":[],"for":$}""");
        });
        scene.Enqueue(2);
        scene.RunUntilEnded();
        _heard.ShouldBe(
        [
            """{"once":["a","b"],"for":1,"new":[true,true]}""", """{"once":[],"for":1,"new":[]}""",
            """{"once":["b","c","c"],"for":2,"new":[false,true,false],"held":[false,false,true]}""", """{"once":[],"for":2,"new":[]}""",
        ]);
    }

    [Fact]
    public void A_failed_attempt_frees_its_keys_but_those_it_said_are_kept()
    {
        var scene = Serve(async task =>
        {
            await AskAsync(task, """{"once":["done","undone"],"for":$}""");
            if (task.Attempt == 1)
            {
                task.Say(Of(task, """{"kept":"done","for":$}"""));
                task.Answer(Of(task, """{"failed":$,"error":"half way"}"""));
            }
        });
        scene.Enqueue(1, retries: 1);
        scene.RunUntilEnded();
        _heard.ShouldBe(["""{"once":["done","undone"],"for":1,"new":[true,true]}""", """{"once":["done","undone"],"for":1,"new":[false,true]}"""]);
    }

    [Fact]
    public void A_key_given_back_is_new_again_although_its_job_completes()
    {
        var scene = Serve(async task =>
        {
            await AskAsync(task, """{"once":["a","b"],"for":$}""");
            task.Say(Of(task, """{"free":["a"],"for":$}"""));
        });
        scene.Enqueue(2);
        scene.RunUntilEnded();
        _heard[1].ShouldBe("""{"once":["a","b"],"for":2,"new":[true,false]}""");
    }

    [Fact]
    public void A_key_of_a_job_that_runs_is_held()
    {
        var scene = Serve(async task =>
        {
            await AskAsync(task, """{"once":"a","for":$}""");
            await task.Delay(TimeSpan.FromSeconds(10));
        }, most: 2);
        scene.Enqueue(2);
        scene.RunUntilEnded();
        _heard[1].ShouldBe("""{"once":"a","for":2,"new":false,"held":true}""");
    }

    [Fact]
    public void Scopes_are_apart_and_what_is_kept_is_forgotten_after_its_time()
    {
        var scene = Serve(async task =>
        {
            await AskAsync(task, """{"once":"a","scope":"other","for":$}""");
            await AskAsync(task, """{"once":"a","keep":"1m","for":$}""");
        });
        scene.Enqueue(1);
        scene.RunUntilEnded();
        scene.Time.RunFor(TimeSpan.FromSeconds(61));
        scene.Enqueue(1);
        scene.RunUntilEnded();
        _heard.ShouldBe(
        [
            """{"once":"a","for":1,"new":true}""", """{"once":"a","for":1,"new":true}""",
            """{"once":"a","for":2,"new":false}""", """{"once":"a","for":2,"new":true}""",
        ]);
    }

    [Theory]
    [InlineData("""{"once":7,"for":$}""", "a key is a string")]
    [InlineData("""{"once":["a",7],"for":$}""", "a key is a string")]
    [InlineData("""{"once":"a"}""", "\"for\" names it")]
    [InlineData("""{"once":"","for":$}""", "1 to 1000 characters")]
    [InlineData("""{"once":"a","keep":"long","for":$}""", "such as \"30d\"")]
    [InlineData("""{"once":"a","keep":0,"for":$}""", "such as \"30d\"")]
    public void What_cannot_be_asked_is_refused_with_the_reason_and_noted_in_the_log(string line, string reason)
    {
        var scene = Serve(async task => await AskAsync(task, line));
        var job = scene.Enqueue(1)[0];
        scene.RunUntilEnded();
        var answer = JsonDocument.Parse(_heard.Single()).RootElement;
        answer.TryGetProperty("refused", out _).ShouldBeTrue();
        answer.GetProperty("reason").GetString()!.ShouldContain(reason);
        scene.Time.Run(async () => (await scene.Store.ReadLogAsync(job)).Lines.Single().Message).ShouldContain(reason);
    }

    [Theory, InlineData("job"), InlineData("stream")]
    public void A_job_of_a_schedule_is_told_for_when_it_was_made(string protocol)
    {
        string? told = null;
        var scene = new PoolScene
        {
            Program = (_, _) => new VirtualProgram
            {
                Work = task =>
                {
                    told = task.ScheduledFor;
                    return Task.CompletedTask;
                },
            },
        };
        scene.Start((PoolScene.Queue(), protocol == "job" ? PoolScene.Job : PoolScene.Stream));
        var at = new DateTimeOffset(2026, 1, 2, 3, 4, 5, 6, TimeSpan.Zero);
        scene.Time.Run(async () => await scene.Store.EnqueueAsync([new NewJob { Queue = "q", Kind = new JobKind("q"), Payload = "1"u8.ToArray(), ScheduledFor = at }]));
        scene.RunUntilEnded();
        told.ShouldBe("2026-01-02T03:04:05.006Z");
    }

    private static PoolScene Serve(Func<VirtualTask, Task> work, int most = 1)
    {
        var scene = new PoolScene { Program = (_, _) => VirtualProgram.Taking(0) with { Work = work } };
        scene.Start((PoolScene.Queue(maxConcurrent: most), PoolScene.Stream));
        return scene;
    }

    private async Task AskAsync(VirtualTask task, string line)
    {
        task.Say(Of(task, line));
        _heard.Add((await task.HearAsync()).GetRawText());
    }

    private static string Of(VirtualTask task, string line) => line.Replace("$", task.Job.ToString(), StringComparison.Ordinal);
}
