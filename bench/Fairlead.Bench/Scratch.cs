using Fairlead.Sqlite;
using Fairlead.Storage;

namespace Fairlead.Bench;

/// <summary>A folder for one measurement, on the disk the program runs on.</summary>
internal sealed class Scratch : IDisposable
{
    public static readonly JobKind Kind = new("noop");

    public string Folder { get; } = Directory.CreateTempSubdirectory("fairlead-bench-").FullName;

    public string File(string name) => Path.Combine(Folder, name);

    public async Task<SqliteJobStore> OpenAsync(string name)
    {
        var store = new SqliteJobStore(File(name), TimeProvider.System);
        await store.OpenAsync();
        return store;
    }

    public static NewJob[] Jobs(int count) => [.. Enumerable.Range(0, count).Select(static _ => new NewJob { Queue = "q", Kind = Kind, Payload = "{\"product\":12345678}"u8.ToArray() })];

    public static NodeRegistration Registration(int? maxConcurrent = null) =>
        new() { Name = "bench", Slots = 1000, Lease = TimeSpan.FromHours(1), Queues = [new(new() { Name = "q", MaxConcurrent = maxConcurrent }, [Kind])] };

    public static ClaimRequest Request(NodeId node, long sequence, int slots) =>
        new() { Node = node, Sequence = sequence, Slots = slots, Queues = [new("q", [Kind], slots)] };

    public static JobTransition Completed(ClaimedJob job, DateTimeOffset now) => JobTransition.Completed(new(job.Key, now, now), default, []);

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
