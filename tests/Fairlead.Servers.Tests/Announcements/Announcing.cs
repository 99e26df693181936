using System.Globalization;
using System.Text.Json;
using Fairlead.Cli.Tests;
using Fairlead.Sqlite;
using Fairlead.Storage;
using Microsoft.Data.Sqlite;

namespace Fairlead.Servers.Tests.Announcements;

/// <summary>
/// The sample as it stands in samples/announcements, copied into a folder of its own and served by the real program. What tests need beside it comes from
/// outside: a <c>pdftotext</c> earlier in the path that waits where it is told to, and Python's <c>print</c> that can be made slow.
/// </summary>
internal sealed class Announcing : IDisposable
{
    public const string Ai = "ai_processing", Upload = "supabase_upload", Investor = "investor_processing";

    /// <summary>Notes when each reading begins and ends, and lets it end only when it may.</summary>
    private const string Gate = """
        #!/bin/sh
        pdf=$(basename "$3")
        echo "begin $pdf $(date +%s%N)" >> readings
        while [ ! -e open/all ] && [ ! -e "open/$pdf" ]; do sleep 0.02; done
        PATH=$REAL_PATH pdftotext "$@"
        code=$?
        echo "end $pdf $(date +%s%N)" >> readings
        exit $code
        """;

    private const string LatePrint = """
        import builtins, os, time
        say = builtins.print
        def late(*words, **how):
            time.sleep(float(os.environ.get("PRINT_AFTER", "0")))
            say(*words, **how)
        builtins.print = late
        """;

    private static readonly string Sample = Path.Combine(AppContext.BaseDirectory, "samples", "announcements");

    public Announcing()
    {
        foreach (var file in Directory.EnumerateFiles(Sample, "*", SearchOption.AllDirectories))
        {
            var copy = Here.File(Path.GetRelativePath(Sample, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
        foreach (var folder in (string[])["path", "python", "open"])
        {
            Directory.CreateDirectory(Here.File(folder));
        }
        Here.Script("path/pdftotext", Gate);
        Here.Script("python/sitecustomize.py", LatePrint);
    }

    public Workspace Here { get; } = new();

    /// <summary>Set for the nodes that are started from now on: overrides of <c>fairlead.yaml</c>, and what else there is.</summary>
    public Dictionary<string, string> Environment { get; } = new()
    {
        ["FAIRLEAD__HTTP__URL"] = "http://127.0.0.1:0",
        ["FAIRLEAD__QUEUES__AI_PROCESSING__COOLDOWN"] = "0s",
        ["FAIRLEAD__QUEUES__SUPABASE_UPLOAD__COOLDOWN"] = "0s",
    };

    /// <summary>Where they lie.</summary>
    public static string PdfFolder { get; } = FindFolder();

    /// <summary>PDFs that Debian ships.</summary>
    public static IReadOnlyList<string> Pdfs { get; } = FindPdfs();

    public static string Payload(string exchange, string pdf) =>
        JsonSerializer.Serialize(new { announcement = $"{exchange}/{Path.GetFileNameWithoutExtension(pdf)}", pdf });

    /// <summary>Starts <c>fairlead serve</c>; what it logs is in <c>serve.log</c>.</summary>
    public RunningProgram Serve() => Here.StartTool(
        "env",
        [
            .. Environment.Select(static pair => $"{pair.Key}={pair.Value}"),
            $"REAL_PATH={System.Environment.GetEnvironmentVariable("PATH")}",
            $"PATH={Here.File("path")}:{System.Environment.GetEnvironmentVariable("PATH")}",
            $"PYTHONPATH={Here.File("python")}",
            "sh", "-c", "exec \"$FAIRLEAD_PROGRAM\" serve 2>> serve.log",
        ]);

    /// <summary>What all nodes have logged so far.</summary>
    public string Log => File.Exists(Here.File("serve.log")) ? File.ReadAllText(Here.File("serve.log")) : "";

    /// <summary>Lets the reading of one PDF, or of all, go on.</summary>
    public void Open(string pdf = "all") => File.WriteAllText(Here.File(Path.Combine("open", Path.GetFileName(pdf))), "");

    /// <summary>The readings that have begun, in order, and when each ended; null while it has not.</summary>
    public IReadOnlyList<(string Pdf, long Begun, long? Ended)> Readings()
    {
        var readings = new List<(string Pdf, long Begun, long? Ended)>();
        foreach (var words in Lines("readings").Select(static line => line.Split(' ')).Where(static words => words.Length == 3))
        {
            var at = long.Parse(words[2], CultureInfo.InvariantCulture);
            if (words[0] == "begin")
            {
                readings.Add((words[1], at, null));
            }
            else if (readings.FindIndex(reading => reading.Pdf == words[1] && reading.Ended is null) is >= 0 and var index)
            {
                readings[index] = readings[index] with { Ended = at };
            }
        }
        return readings;
    }

    /// <summary>The processes of a queue, as the kernel has them.</summary>
    public IReadOnlyList<int> Workers(string queue) => Processes.Of(Here.Folder, queue switch
    {
        Ai => "workers/ai_worker.py",
        Upload => "workers/upload_worker.py",
        _ => "workers/investor_worker.py",
    });

    public async Task<SqliteJobStore> OpenAsync()
    {
        var store = new SqliteJobStore(Here.File("fairlead.db"), TimeProvider.System);
        await store.OpenAsync();
        return store;
    }

    public async Task EnqueueAsync(string queue, IEnumerable<string> payloads)
    {
        await using var store = await OpenAsync();
        await store.EnqueueAsync([.. payloads.Select(payload => new NewJob { Queue = queue, Kind = new JobKind(queue), Payload = System.Text.Encoding.UTF8.GetBytes(payload) })]);
    }

    /// <summary>Has the scraper announce every PDF to the node that was started last.</summary>
    /// <returns>What it says.</returns>
    public async Task<string> AnnounceAsync(string exchange)
    {
        const string Listens = "The API listens on ";
        await Workspace.UntilAsync(() => Log.Contains(Listens, StringComparison.Ordinal), "the API listens");
        var log = Log;
        var address = new Uri(log[(log.LastIndexOf(Listens, StringComparison.Ordinal) + Listens.Length)..].Split('\n')[0]).GetLeftPart(UriPartial.Authority);
        return (await Here.StartTool("python3", "scraper.py", PdfFolder, "--exchange", exchange, "--server", address).EndAsync()).With(0).Output.Trim();
    }

    /// <summary>How many jobs of a queue have completed.</summary>
    public static async Task<long> CompletedAsync(IJobStore store, string queue) =>
        (await store.ListQueuesAsync()).FirstOrDefault(each => each.Name == queue)?.Jobs.Completed ?? 0;

    public static async Task<IReadOnlyList<Job>> JobsAsync(IJobStore store, string queue) => (await store.ListJobsAsync(new JobQuery { Queue = queue, Limit = 1000 })).Jobs;

    /// <summary>The line of <c>fairlead status</c>.</summary>
    /// <summary>Waits until <c>fairlead status</c> says this: nodes tell of their processes half a second later at most.</summary>
    public async Task UntilStatusAsync(string status) => await Workspace.UntilAsync(async () => (await Here.RunAsync("status")).With(0).Output.Trim() == status, $"the status is {status}");

    /// <summary>The file that announcements are saved in.</summary>
    public SqliteConnection OpenTable()
    {
        var connection = new SqliteConnection($"Data Source={Here.File("announcements.db")};Pooling=False");
        connection.Open();
        return connection;
    }

    /// <summary>What stands in the table: a row for each time an announcement was saved.</summary>
    public IReadOnlyList<SavedRow> Saved()
    {
        if (!File.Exists(Here.File("announcements.db")))
        {
            return [];
        }
        using var connection = OpenTable();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT job, fence, attempt, announcement FROM announcements ORDER BY rowid";
        var rows = new List<SavedRow>();
        try
        {
            using var reader = command.ExecuteReader();
            while (reader.Read())
            {
                rows.Add(new(reader.GetInt64(0), reader.GetInt64(1), reader.GetInt32(2), reader.GetString(3)));
            }
        }
        catch (SqliteException error) when (error.SqliteErrorCode == 1)
        {
            // Nobody has made the table yet.
        }
        return rows;
    }

    /// <summary>Has a node stop in its own time, and waits for that.</summary>
    public async Task StopAsync(RunningProgram node)
    {
        node.Signal("TERM");
        (await node.EndAsync()).ExitCode.ShouldBe(0, Log);
    }

    public void Dispose() => Here.Dispose();

    private IEnumerable<string> Lines(string name) => File.Exists(Here.File(name)) ? File.ReadAllLines(Here.File(name)) : [];

    private static string FindFolder()
    {
        var root = new DirectoryInfo(AppContext.BaseDirectory);
        while (root is not null && !File.Exists(Path.Combine(root.FullName, "Fairlead.slnx")))
        {
            root = root.Parent;
        }
        return Path.Combine(root!.FullName, "artifacts", "pdfs");
    }

    private static string[] FindPdfs()
    {
        string[] pdfs = Directory.Exists(PdfFolder) ? [.. Directory.GetFiles(PdfFolder, "*.pdf").Order(StringComparer.Ordinal)] : [];
        return pdfs.Length >= 10 ? pdfs : throw new InvalidOperationException($"Expected at least ten PDFs in {PdfFolder}, found {pdfs.Length}: samples/announcements/pdfs.sh artifacts/pdfs");
    }
}

/// <summary>A row of the final table.</summary>
/// <param name="Job">The job that saved it.</param>
/// <param name="Fence">The fence of its attempt.</param>
/// <param name="Attempt">The number of its attempt.</param>
/// <param name="Announcement">Which announcement.</param>
internal sealed record SavedRow(long Job, long Fence, int Attempt, string Announcement);
