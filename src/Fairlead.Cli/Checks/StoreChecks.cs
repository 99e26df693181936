using Fairlead.Cli.Bodies;
using Fairlead.Storage;

namespace Fairlead.Cli.Checks;

/// <summary>What can be said about the store without changing it.</summary>
internal sealed record StoreChecks(bool Reachable, IReadOnlyList<CheckBody> Checks)
{
    private static readonly string[] NetworkFileSystems = ["nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "ceph", "glusterfs", "lustre", "afs"];

    public static async Task<StoreChecks> LookAsync(CommandContext context)
    {
        var address = context.Address();
        if (!address.IsFile)
        {
            return new StoreChecks(true, [new CheckBody("store", true, $"{address}: lives and ends with the process")]);
        }
        var path = Path.GetFullPath(address.Path);
        var checks = new List<CheckBody>();
        var reachable = File.Exists(path) ? await OpenAsync(context, path, checks) : CheckFolder(address, path, checks);
        checks.Add(FileSystem(path));
        return new StoreChecks(reachable, checks);
    }

    private static async Task<bool> OpenAsync(CommandContext context, string path, List<CheckBody> checks)
    {
        try
        {
            var store = await context.OpenStoreAsync();
            var queues = await store.ListQueuesAsync(context.Cancelled);
            var unfinished = queues.Sum(queue => queue.Jobs.Total - queue.Jobs.Ended);
            checks.Add(new CheckBody("store", true, $"{store.Description}: {queues.Count} queues, {unfinished} unfinished jobs, {SizeText.ForPeople(new FileInfo(path).Length)}"));
            checks.AddRange(SqliteFile.Look(path));
            return true;
        }
        catch (Exception error) when (error is StoreUnavailableException or StoreMismatchException or CommandFailure)
        {
            checks.Add(new CheckBody("store", false, error.Message));
            return false;
        }
    }

    private static bool CheckFolder(StoreAddress address, string path, List<CheckBody> checks)
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
