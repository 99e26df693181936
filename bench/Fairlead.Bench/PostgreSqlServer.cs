using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace Fairlead.Bench;

/// <summary>A real PostgreSQL server on a free port of this machine, with everything it writes in one folder. It refuses to run as root: then it runs as the user its package made.</summary>
internal sealed class PostgreSqlServer : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly string _folder;

    private PostgreSqlServer(string folder, int port) => (_folder, Port) = (folder, port);

    /// <summary>Its port on 127.0.0.1.</summary>
    public int Port { get; }

    /// <summary>How its superuser reaches a database of it.</summary>
    public string ConnectionString(string database = "postgres", int? port = null) =>
        $"Host=127.0.0.1;Port={port ?? Port};Username=postgres;Database={database};Timeout=15;Command Timeout=120";

    /// <summary>The same as a URL.</summary>
    public string Url(string database = "postgres", int? port = null) => $"postgres://postgres@127.0.0.1:{port ?? Port}/{database}";

    /// <summary>Starts a new one.</summary>
    /// <param name="durable">Whether a commit survives a power loss, as is the default; tests of function do without.</param>
    /// <param name="settings">Further lines of postgresql.conf.</param>
    /// <exception cref="InvalidOperationException">PostgreSQL is not there, or does not start.</exception>
    public static async Task<PostgreSqlServer> StartAsync(bool durable, params string[] settings)
    {
        var server = New();
        RunAsOwner("initdb", "-D", server.Data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync", "--no-instructions");
        await File.AppendAllLinesAsync(Path.Combine(server.Data, "postgresql.conf"),
        [
            "listen_addresses = '127.0.0.1'", $"port = {server.Port}", $"unix_socket_directories = '{server._folder}'", "max_connections = 300",
            .. durable ? (string[])[] : ["fsync = off", "synchronous_commit = off", "full_page_writes = off"], .. settings,
        ]);
        server.Begin();
        await server.AnswersAsync();
        return server;
    }

    /// <summary>A standby of this one on another port, which has everything that this one has answered: commits wait for it from now on.</summary>
    public async Task<PostgreSqlServer> StartStandbyAsync()
    {
        var standby = New();
        RunAsOwner("pg_basebackup", "-D", standby.Data, "-h", "127.0.0.1", "-p", $"{Port}", "-U", "postgres", "-R", "-X", "stream", "-c", "fast");
        await File.AppendAllLinesAsync(Path.Combine(standby.Data, "postgresql.conf"), [$"port = {standby.Port}", $"unix_socket_directories = '{standby._folder}'"]);
        standby.Begin();
        await standby.AnswersAsync();
        await ExecuteAsync("ALTER SYSTEM SET synchronous_standby_names = '*'");
        await ExecuteAsync("ALTER SYSTEM SET synchronous_commit = 'on'");
        await ExecuteAsync("SELECT pg_reload_conf()");
        return standby;
    }

    /// <summary>Makes a standby the primary.</summary>
    public void Promote() => RunAsOwner("pg_ctl", "-D", Data, "-w", "promote");

    /// <summary>Starts it again after <see cref="Stop" />.</summary>
    public async Task StartAgainAsync()
    {
        Begin();
        await AnswersAsync();
    }

    /// <summary>Stops it: <c>fast</c> ends connections in order, <c>immediate</c> is a crash.</summary>
    public void Stop(string mode = "fast") => RunAsOwner("pg_ctl", "-D", Data, "-m", mode, "-w", "stop");

    /// <summary>Makes a database.</summary>
    public async Task<string> CreateDatabaseAsync(string name)
    {
        await ExecuteAsync($"CREATE DATABASE \"{name}\"");
        return ConnectionString(name);
    }

    /// <summary>Runs a statement as its superuser.</summary>
    public async Task ExecuteAsync(string sql, string database = "postgres")
    {
        await using var connection = new NpgsqlConnection(ConnectionString(database) + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    public ValueTask DisposeAsync()
    {
        try
        {
            Stop("immediate");
        }
        catch (InvalidOperationException)
        {
            // It was stopped before.
        }
        if (Environment.IsPrivilegedProcess)
        {
            Run("rm", "-rf", _folder);
        }
        else
        {
            Directory.Delete(_folder, recursive: true);
        }
        return default;
    }

    private static PostgreSqlServer New()
    {
        var folder = Directory.CreateTempSubdirectory("fairlead-pg-").FullName;
        if (Environment.IsPrivilegedProcess)
        {
            Run("chown", "postgres", folder);
        }
        return new(folder, FreePort());
    }

    private string Data => Path.Combine(_folder, "data");

    private void Begin() => RunAsOwner("pg_ctl", "-D", Data, "-l", Path.Combine(_folder, "log"), "-w", "-t", "60", "start");

    private async Task AnswersAsync()
    {
        var began = TimeProvider.System.GetTimestamp();
        while (true)
        {
            try
            {
                await ExecuteAsync("SELECT 1");
                return;
            }
            catch (Exception error) when (error is NpgsqlException or SocketException && TimeProvider.System.GetElapsedTime(began) < Patience)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
            }
        }
    }

    private static void RunAsOwner(string program, params string[] arguments)
    {
        var path = Programs().Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists)
            ?? throw new InvalidOperationException($"Expected {program} in PATH or /usr/lib/postgresql/*/bin: apt-get install postgresql");
        if (Environment.IsPrivilegedProcess)
        {
            Run("runuser", ["-u", "postgres", "--", path, .. arguments]);
        }
        else
        {
            Run(path, arguments);
        }
    }

    private static IEnumerable<string> Programs()
    {
        var versions = Directory.Exists("/usr/lib/postgresql") ? Directory.GetDirectories("/usr/lib/postgresql").OrderDescending(StringComparer.Ordinal) : Enumerable.Empty<string>();
        return versions.Select(static version => Path.Combine(version, "bin")).Concat((Environment.GetEnvironmentVariable("PATH") ?? "").Split(':'));
    }

    private static void Run(string program, params string[] arguments)
    {
        // Its output is not read: the server would keep a pipe open.
        var start = new ProcessStartInfo("sh", ["-c", "exec \"$@\" >/dev/null 2>&1", "sh", program, .. arguments]) { WorkingDirectory = "/" };
        using var process = Process.Start(start)!;
        if (!process.WaitForExit(Patience))
        {
            process.Kill(entireProcessTree: true);
        }
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}.");
        }
    }

    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }
}
