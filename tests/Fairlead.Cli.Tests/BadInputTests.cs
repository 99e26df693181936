using System.Diagnostics;
using Microsoft.Data.Sqlite;

namespace Fairlead.Cli.Tests;

/// <summary>What users get wrong, and what machines do: each has its answer, and nothing is lost.</summary>
public sealed class BadInputTests : IDisposable
{
    private readonly Workspace _here = new();

    public void Dispose() => _here.Dispose();

    [Theory]
    [InlineData("run --input items --concurency 4 -- true", "no option '--concurency'; did you mean '--concurrency'?")]
    [InlineData("run --inptu items -- true", "no option '--inptu'; did you mean '--input'?")]
    [InlineData("run --input items", "Expected the program to run after --")]
    [InlineData("run -- true", "Expected --input")]
    [InlineData("run --input missing -- true", "no input file 'missing'")]
    [InlineData("run --input empty -- true", "'empty' has no lines that are not empty")]
    [InlineData("run --input items -- nonesuch-program", "'nonesuch-program' is in none of the folders of PATH")]
    [InlineData("run --input items -- ./nonesuch", "There is no program './nonesuch'")]
    [InlineData("run --input items -- ./items", "is not executable")]
    [InlineData("run --input items --timeout soon -- true", "--timeout expects a duration such as 250ms, 60s, 5m, 2h or 7d; got 'soon'")]
    [InlineData("run --input items --timeout 0s -- true", "--timeout expects a duration")]
    [InlineData("run --input items --concurrency 0 -- true", "--concurrency expects a whole number from 1 to 10000; got '0'")]
    [InlineData("run --input zero -- true", "'zero', line 2 holds a zero byte")]
    [InlineData("run --input latin1 -- true", "'latin1', line 2 is not UTF-8")]
    [InlineData("run --input long -- true", "'long', line 2 has 200,000 bytes; the system takes at most 131,071 in one argument")]
    [InlineData("run --input huge -- true", "'huge', line 3 makes a payload of")]
    [InlineData("run --resume", "Required argument missing")]
    [InlineData("run --resume nothing", "There is no store at")]
    [InlineData("statsu", "no command 'statsu'; did you mean 'status'?")]
    [InlineData("", "Expected a command")]
    [InlineData("status --store mysql:x", "Expected a store such as")]
    [InlineData("status --store redis://h:6379/0", "redis: (--store) comes in a later one")]
    [InlineData("status --store postgres://u:hunter2@h", "The store's address from --store: Expected postgres://user:password@host:port/database; the database's name is missing")]
    [InlineData("status --store postgres://u:hunter2@h/d?schema=Big", "1 to 50 small letters")]
    [InlineData("status --store postgres:d", "Expected postgres://user:password@host:port/database")]
    [InlineData("status", "There is no store at sqlite:./fairlead.db yet")]
    [InlineData("enqueue q {broken", "The payload expects JSON")]
    [InlineData("enqueue q 1 --priority 1001", "--priority expects a whole number from -1000 to 1000; got '1001'")]
    [InlineData("enqueue q 1 --prority 1", "no option '--prority'; did you mean '--priority'?")]
    [InlineData("run --input items --limit api -- true", "--limit: Expected a name and a rate, such as api=8/s; got 'api'")]
    [InlineData("run --input items --limit api=8 -- true", "expected a rate such as 8/s, 90000/m or 5000/day, or concurrent:10; got '8'")]
    [InlineData("run --input items --limit api=8/s,brust=4 -- true", "Limit 'api' has no option 'brust'; did you mean 'burst'?")]
    [InlineData("run --input items --limit api=8/s --limit api=9/s -- true", "--limit names 'api' 2 times")]
    [InlineData("run --input items --limit api=8/s,per_group -- true", "so it needs --group-by")]
    [InlineData("run --input items --group-by ( -- true", "--group-by: Invalid pattern '('")]
    [InlineData("run --input items --group-concurrency 2 -- true", "--group-concurrency is about groups, so it needs --group-by")]
    [InlineData("run --input items --group-concurrency 0 --group-by . -- true", "--group-concurrency expects a whole number from 1 to 10000; got '0'")]
    [InlineData("run --input items --breaker failures=5 -- true", "--breaker is about groups, so it needs --group-by")]
    [InlineData("run --input items --breaker failurs=5 --group-by . -- true", "A breaker has no 'failurs'; did you mean 'failures'?")]
    [InlineData("run --input items --breaker open_for=60 --group-by . -- true", "A breaker's open_for expects a duration, open_for=60s; got 'open_for=60'")]
    [InlineData("run --resume x --limit api=8/s", "--resume needs nothing but the name: the store remembers the program, its items and options. Leave out --limit")]
    [InlineData("limits", "There is no store at")]
    [InlineData("limits zet api 8/s", "'limits' has no command 'zet'; did you mean 'set'?")]
    [InlineData("limits set api", "Required argument 'rate' missing for command: 'set'. See: fairlead limits set --help")]
    [InlineData("limits set api 8/s --jsno", "'limits set' has no option '--jsno'")]
    [InlineData("groups pasue q g", "'groups' has no command 'pasue'; did you mean 'pause'?")]
    [InlineData("breakers open q/g --for soon", "--for expects a duration")]
    [InlineData("jobs -- true", "'jobs' runs no program")]
    public async Task Wrong_usage_is_answered_with_2_and_a_way_out(string line, string expected)
    {
        _here.Lines("items", ["a"]);
        File.WriteAllText(_here.File("empty"), "\n\n");
        File.WriteAllBytes(_here.File("zero"), "a\nb\0c\n"u8.ToArray());
        File.WriteAllBytes(_here.File("latin1"), [(byte)'a', (byte)'\n', 0xE9, (byte)'\n']);
        _here.Lines("long", ["a", new string('x', 200_000)]);
        _here.Lines("huge", ["a", "b", new string('x', 2 * 1024 * 1024)]);
        (await _here.RunAsync(line.Split(' ', StringSplitOptions.RemoveEmptyEntries))).With(2).Saying(expected);
        File.Exists(_here.File("fairlead.db")).ShouldBe(line.Contains("huge", StringComparison.Ordinal) || line.Contains("long", StringComparison.Ordinal)
            || line.Contains("zero", StringComparison.Ordinal) || line.Contains("latin1", StringComparison.Ordinal) || line.Contains("missing", StringComparison.Ordinal)
            || line.Contains("empty", StringComparison.Ordinal) || line == "run -- true", "a store is made only when there is something to keep");
    }

    [Fact]
    public async Task Nothing_is_enqueued_when_one_line_is_wrong()
    {
        _here.Lines("huge", ["a", "b", new string('x', 2 * 1024 * 1024)]);
        (await _here.RunAsync("run", "--input", "huge", "--", "true")).With(2).Saying("Nothing was enqueued");
        (await _here.RunAsync("migrate")).With(0);
        (await _here.RunAsync("jobs")).With(0).Output.ShouldBe("");
    }

    [Fact]
    public async Task A_payload_over_the_limit_is_refused()
    {
        var payload = $"\"{new string('x', 1024 * 1024)}\"";
        (await _here.RunWithInputAsync(payload, "enqueue", "q", "-")).With(2).Saying("The payload has 1,048,578 bytes, queue 'q' takes at most 1,048,576");
    }

    [Fact]
    public async Task Binary_output_is_kept_as_far_as_it_is_text()
    {
        _here.Lines("items", ["a"]);
        (await _here.RunAsync("run", "--name", "b", "--input", "items", "--", "sh", "-c", "head -c 3000 /dev/urandom; printf '\\nafter\\033[2J\\n'")).With(0);
        (await _here.RunAsync("logs", "b")).With(0).Output.ShouldContain("after");
        (await _here.RunAsync("job", "b")).With(0);
    }

    [Fact]
    public async Task A_gigabyte_of_output_is_cut_and_never_held_in_memory()
    {
        _here.Lines("items", ["a"]);
        var program = _here.Start("run", "--name", "g", "--input", "items", "--", "sh", "-c", "yes 0123456789012345678901234567890123456789012345678901234567890123456789 | head -c 1073741824; echo; echo the end");
        var most = 0L;
        await Workspace.UntilAsync(
            () =>
            {
                most = Math.Max(most, Resident(program.Process));
                return program.Process.HasExited;
            },
            "the run has ended");
        (await program.EndAsync()).With(0);
        most.ShouldBeLessThan(300L * 1024 * 1024);
        var log = (await _here.RunAsync("logs", "g")).With(0).Output;
        log.ShouldContain("the end");
        log.Length.ShouldBeLessThan(3 * 1024 * 1024);
        new FileInfo(_here.File("fairlead.db")).Length.ShouldBeLessThan(10L * 1024 * 1024);
    }

    [Fact]
    public async Task A_file_that_is_no_database_is_left_alone()
    {
        File.WriteAllText(_here.File("fairlead.db"), new string('x', 10_000));
        (await _here.RunAsync("status")).With(2).Saying("not a SQLite database");
        (await _here.RunAsync("enqueue", "q")).With(2).Saying("not a SQLite database");
        File.ReadAllText(_here.File("fairlead.db")).ShouldBe(new string('x', 10_000));
    }

    [Fact]
    public async Task Another_programs_database_is_used_only_when_migrate_was_called()
    {
        Sql("CREATE TABLE theirs(x)");
        (await _here.RunAsync("enqueue", "q")).With(2).Saying("database of another program", "fairlead migrate");
        Sql("SELECT count(*) FROM sqlite_schema WHERE name LIKE 'fairlead%'").ShouldBe(0);
        (await _here.RunAsync("migrate")).With(0);
        (await _here.RunAsync("enqueue", "q")).With(0);
        Sql("SELECT count(*) FROM theirs").ShouldBe(0);
    }

    [Fact]
    public async Task A_store_of_a_newer_version_is_left_alone()
    {
        (await _here.RunAsync("enqueue", "q")).With(0);
        Sql("UPDATE fairlead_meta SET value = 9999 WHERE name = 'schema'");
        (await _here.RunAsync("enqueue", "q")).With(2).Saying("9999", "newer");
        Sql("SELECT count(*) FROM fairlead_job").ShouldBe(1);
    }

    [Fact]
    public async Task A_store_in_a_folder_that_does_not_exist_cannot_be_reached() =>
        (await _here.RunAsync("enqueue", "q", "--store", "sqlite:none/such/fairlead.db")).With(3).Saying("folder");

    [Fact]
    public async Task A_read_only_store_and_a_full_disk_are_said_and_lose_nothing()
    {
        Assert.True(await CanMountAsync(), "This test needs a file system of its own: root, or user namespaces.");
        var script = """
            mkdir small && mount -t tmpfs -o size=2m none small && cd small || exit 99
            "$FAIRLEAD_PROGRAM" enqueue q 1 || exit 98
            head -c 4m /dev/zero > filler 2>/dev/null
            "$FAIRLEAD_PROGRAM" enqueue q "\"$(head -c 100000 /dev/zero | tr '\0' x)\"" 2> ../full; echo $? > ../full.code
            rm filler
            "$FAIRLEAD_PROGRAM" jobs > ../kept || exit 97
            mount -o remount,ro none . || exit 96
            "$FAIRLEAD_PROGRAM" enqueue q 2 2> ../readonly; echo $? > ../readonly.code
            exit 0
            """;
        (await _here.StartTool("unshare", "-rm", "sh", "-c", script).EndAsync()).With(0);
        File.ReadAllText(_here.File("full.code")).Trim().ShouldBe("3", File.ReadAllText(_here.File("full")));
        File.ReadAllText(_here.File("full")).ShouldContain("full");
        File.ReadAllLines(_here.File("kept")).Length.ShouldBe(1);
        File.ReadAllText(_here.File("readonly.code")).Trim().ShouldBe("3", File.ReadAllText(_here.File("readonly")));
        File.ReadAllText(_here.File("readonly")).ShouldContain("may write there");
    }

    private async Task<bool> CanMountAsync() =>
        File.Exists("/usr/bin/unshare") && (await _here.StartTool("unshare", "-rm", "sh", "-c", "mkdir probe && mount -t tmpfs none probe").EndAsync()).ExitCode == 0;

    private static long Resident(Process process)
    {
        try
        {
            process.Refresh();
            return process.HasExited ? 0 : process.WorkingSet64;
        }
        catch (InvalidOperationException)
        {
            // It ended between the two questions.
            return 0;
        }
    }

    private long Sql(string text)
    {
        using var connection = new SqliteConnection($"Data Source={_here.File("fairlead.db")};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = text;
        return command.ExecuteScalar() as long? ?? 0;
    }
}
