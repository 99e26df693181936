using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace Fairlead.Servers.Tests.PostgreSql.Operations;

/// <summary>A real PgBouncer before a server, in transaction mode, on a free port. It refuses to run as root: then it runs as the server's user.</summary>
internal sealed class PgBouncer : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly string _folder;
    private readonly Process _process;

    private PgBouncer(string folder, int port, Process process) => (_folder, Port, _process) = (folder, port, process);

    /// <summary>Its port on 127.0.0.1.</summary>
    public int Port { get; }

    /// <summary>A pooler for every database of a server.</summary>
    /// <param name="server">The server's port.</param>
    /// <param name="poolSize">Connections to the server, for all clients together.</param>
    public static Task<PgBouncer> StartAsync(int server, int poolSize) => StartAsync(port => $"""
        [databases]
        * = host=127.0.0.1 port={server}
        [pgbouncer]
        listen_addr = 127.0.0.1
        listen_port = {port}
        pool_mode = transaction
        default_pool_size = {poolSize}
        auth_type = trust
        auth_file = userlist.txt
        """);

    /// <summary>One with a configuration, which is given the port it is to listen on.</summary>
    public static async Task<PgBouncer> StartAsync(Func<int, string> configuration)
    {
        var (folder, port) = (Directory.CreateTempSubdirectory("fairlead-pgbouncer-").FullName, FreePort());
        await File.WriteAllTextAsync(Path.Combine(folder, "userlist.txt"), "\"postgres\" \"\"\n");
        await File.WriteAllTextAsync(Path.Combine(folder, "pgbouncer.ini"), configuration(port) + "\nlogfile = pgbouncer.log\nunix_socket_dir =\n");
        var started = new PgBouncer(folder, port, Start(folder));
        await started.AnswersAsync();
        return started;
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static Process Start(string folder)
    {
        string[] run = [Find("pgbouncer"), "pgbouncer.ini"];
        if (Environment.IsPrivilegedProcess)
        {
            using var given = Process.Start("chown", ["-R", "postgres", folder]);
            given.WaitForExit(Patience).ShouldBeTrue();
            run = ["runuser", "-u", "postgres", "--", .. run];
        }
        return Process.Start(new ProcessStartInfo(run[0], run[1..]) { WorkingDirectory = folder, RedirectStandardError = true })!;
    }

    private async Task AnswersAsync()
    {
        var began = TimeProvider.System.GetTimestamp();
        while (true)
        {
            try
            {
                await using var connection = new NpgsqlConnection($"Host=127.0.0.1;Port={Port};Username=postgres;Database=postgres;Pooling=false");
                await connection.OpenAsync();
                return;
            }
            catch (Exception error) when (error is NpgsqlException or SocketException && !_process.HasExited && TimeProvider.System.GetElapsedTime(began) < Patience)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
            }
        }
    }

    private static string Find(string program) =>
        (string[])["/usr/sbin", "/usr/bin", .. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')] is var folders
            && folders.Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists) is { } found
            ? found : throw new InvalidOperationException($"Expected {program} in PATH or /usr/sbin: apt-get install {program}");

    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }
}
