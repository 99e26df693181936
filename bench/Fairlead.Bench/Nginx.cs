using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Fairlead.Bench;

/// <summary>A real nginx on a free port of this machine that enforces its own limit, and what its access log says.</summary>
internal sealed class Nginx : IDisposable
{
    private static readonly string[] Folders = [.. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':'), "/usr/sbin"];
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly string _folder;
    private readonly Process _process;

    private Nginx(string folder, int port, Process process)
    {
        _folder = folder;
        _process = process;
        Port = port;
    }

    public int Port { get; }

    /// <summary>Starts one that lets <paramref name="perSecond" /> requests a second through, and <paramref name="burst" /> at once besides.</summary>
    /// <param name="folder">Everything it writes is in here.</param>
    /// <param name="perSecond">The rate.</param>
    /// <param name="burst">The burst; served without delay.</param>
    /// <exception cref="InvalidOperationException">nginx is not there, or does not listen.</exception>
    public static async Task<Nginx> StartAsync(string folder, int perSecond, int burst)
    {
        var program = Folders.Select(static path => Path.Combine(path, "nginx")).FirstOrDefault(File.Exists)
            ?? throw new InvalidOperationException("Expected nginx in PATH or /usr/sbin: apt-get install nginx-light");
        var port = FreePort();
        await File.WriteAllTextAsync(Path.Combine(folder, "nginx.conf"), Configuration(port, perSecond, burst));
        await File.WriteAllTextAsync(Path.Combine(folder, "ok"), "ok");
        var process = Process.Start(new ProcessStartInfo(program, ["-p", folder, "-e", "error.log", "-c", "nginx.conf"]) { RedirectStandardError = true })!;
        var nginx = new Nginx(folder, port, process);
        await nginx.ListensAsync();
        return nginx;
    }

    /// <summary>What it has answered so far, in its own order and by its own clock.</summary>
    public IReadOnlyList<NginxAnswer> Answers() => [.. File.ReadLines(Path.Combine(_folder, "access.log")).Select(NginxAnswer.Read)];

    public void Dispose()
    {
        _process.Kill(entireProcessTree: true);
        _process.WaitForExit();
        _process.Dispose();
    }

    /// <summary>A file rather than <c>return 200</c>: that answers before the limit is looked at.</summary>
    private static string Configuration(int port, int perSecond, int burst) => $$"""
        daemon off;
        master_process off;
        pid nginx.pid;
        error_log error.log;
        events { worker_connections 256; }
        http {
          client_body_temp_path temp; proxy_temp_path temp; fastcgi_temp_path temp; uwsgi_temp_path temp; scgi_temp_path temp;
          log_format answers '$msec $status $request_uri';
          access_log access.log answers;
          limit_req_zone $server_port zone=api:1m rate={{perSecond}}r/s;
          limit_req_status 429;
          server {
            listen 127.0.0.1:{{port}};
            root .;
            location / { limit_req zone=api burst={{burst}} nodelay; try_files /ok =404; }
          }
        }
        """;

    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    private async Task ListensAsync()
    {
        var began = TimeProvider.System.GetTimestamp();
        while (true)
        {
            try
            {
                using var client = new TcpClient();
                await client.ConnectAsync(IPAddress.Loopback, Port);
                return;
            }
            catch (SocketException) when (!_process.HasExited && TimeProvider.System.GetElapsedTime(began) < Patience)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System);
            }
            catch (SocketException error)
            {
                throw new InvalidOperationException($"nginx does not listen on port {Port}: {(_process.HasExited ? await _process.StandardError.ReadToEndAsync() : "it runs, but answers nothing")}", error);
            }
        }
    }
}

/// <summary>One line of its access log.</summary>
/// <param name="Seconds">When it answered, Unix time with milliseconds.</param>
/// <param name="Status">What it answered.</param>
internal readonly record struct NginxAnswer(double Seconds, int Status)
{
    public static NginxAnswer Read(string line)
    {
        var parts = line.Split(' ');
        return new(double.Parse(parts[0], CultureInfo.InvariantCulture), int.Parse(parts[1], CultureInfo.InvariantCulture));
    }

    /// <summary>The share of a rate that was used between the first and the last answer.</summary>
    public static double ShareUsed(IReadOnlyList<NginxAnswer> answers, int perSecond) =>
        (answers.Count - 1) / ((answers[^1].Seconds - answers[0].Seconds) * perSecond);
}
