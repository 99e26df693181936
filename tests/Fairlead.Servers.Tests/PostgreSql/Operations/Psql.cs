using System.Diagnostics;

namespace Fairlead.Servers.Tests.PostgreSql.Operations;

/// <summary>PostgreSQL's own shell: it knows best where a statement ends.</summary>
internal static class Psql
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    /// <summary>Runs a script as somebody; what it prints, a line for each row.</summary>
    public static async Task<string> RunAsync(int port, string database, string script, string user = "postgres")
    {
        var start = new ProcessStartInfo("psql", ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", $"{port}", "-U", user, "-d", database])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        using var deadline = new CancellationTokenSource(Patience);
        using var psql = Process.Start(start)!;
        var (output, errors) = (psql.StandardOutput.ReadToEndAsync(deadline.Token), psql.StandardError.ReadToEndAsync(deadline.Token));
        await psql.StandardInput.WriteAsync(script);
        psql.StandardInput.Close();
        await psql.WaitForExitAsync(deadline.Token);
        psql.ExitCode.ShouldBe(0, await errors);
        return (await output).Trim();
    }
}
