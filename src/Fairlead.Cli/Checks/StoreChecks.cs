using Fairlead.Cli.Bodies;
using Fairlead.Cli.Stores;
using Fairlead.PostgreSql;
using Fairlead.Storage;

namespace Fairlead.Cli.Checks;

/// <summary>What can be said about the store without changing it.</summary>
internal sealed record StoreChecks(bool Reachable, IReadOnlyList<CheckBody> Checks)
{
    private static readonly string[] NetworkFileSystems = ["nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "ceph", "glusterfs", "lustre", "afs"];

    public static async Task<StoreChecks> LookAsync(CommandContext context) => context.Address() switch
    {
        SqliteAddress file => await LookAsync(context, file),
        PostgreSqlAddress server => await LookAsync(context, server),
        var address => new StoreChecks(true, [new CheckBody("store", true, $"{address}: lives and ends with the process")]),
    };

    private static async Task<StoreChecks> LookAsync(CommandContext context, SqliteAddress file)
    {
        var path = Path.GetFullPath(file.File);
        var checks = new List<CheckBody>();
        var reachable = File.Exists(path)
            ? await ReachAsync(checks, async () =>
            {
                checks.Add(new CheckBody("store", true, $"{await ContentAsync(context)}, {SizeText.ForPeople(new FileInfo(path).Length)}"));
                checks.AddRange(SqliteFile.Look(path));
            })
            : CheckFolder(file, path, checks);
        checks.Add(FileSystem(path));
        return new StoreChecks(reachable, checks);
    }

    private static async Task<StoreChecks> LookAsync(CommandContext context, PostgreSqlAddress server)
    {
        var checks = new List<CheckBody>();
        var reachable = await ReachAsync(checks, async () =>
        {
            var there = await PostgreSqlSchema.ExistsAsync(server.Options, context.Cancelled);
            checks.Add(new CheckBody("store", true, there ? await ContentAsync(context) : $"{server} is not there yet; the first job makes it"));
            checks.AddRange(await PostgreSqlChecks.LookAsync(server.Options, context.Time, context.Cancelled));
        });
        return new StoreChecks(reachable, checks);
    }

    private static async Task<string> ContentAsync(CommandContext context)
    {
        var store = await context.OpenStoreAsync();
        var queues = await store.ListQueuesAsync(context.Cancelled);
        return $"{store.Description}: {queues.Count} queues, {queues.Sum(static queue => queue.Jobs.Total - queue.Jobs.Ended)} unfinished jobs";
    }

    private static async Task<bool> ReachAsync(List<CheckBody> checks, Func<Task> look)
    {
        try
        {
            await look();
            return true;
        }
        catch (Exception error) when (error is StoreUnavailableException or StoreMismatchException or CommandFailure)
        {
            checks.Add(new CheckBody("store", false, error is CommandFailure { InnerException: StoreUnavailableException away } ? away.Message : error.Message));
            return false;
        }
    }

    private static bool CheckFolder(SqliteAddress address, string path, List<CheckBody> checks)
    {
        var folder = Path.GetDirectoryName(path)!;
        var there = Directory.Exists(folder);
        checks.Add(new CheckBody("store", there, there ? $"{address} is not there yet; the first job makes it" : $"the folder {folder} of {address} does not exist; make it with: mkdir -p {folder}"));
        return there;
    }

    /// <summary>Locks and write-ahead logs need a file system of this machine.</summary>
    private static CheckBody FileSystem(string path)
    {
        var drive = DriveInfo.GetDrives()
            .Where(drive => path.StartsWith(drive.Name.TrimEnd('/') + "/", StringComparison.Ordinal))
            .MaxBy(drive => drive.Name.Length);
        if (drive is not { IsReady: true })
        {
            return new CheckBody("file system", true, "unknown");
        }
        var network = NetworkFileSystems.Contains(drive.DriveFormat, StringComparer.OrdinalIgnoreCase);
        return new CheckBody(
            "file system", !network,
            $"{drive.DriveFormat} at {drive.Name}, {SizeText.ForPeople(drive.AvailableFreeSpace)} free{(network ? ": SQLite's locks and write-ahead log need a disk of this machine; move the file" : "")}");
    }
}
