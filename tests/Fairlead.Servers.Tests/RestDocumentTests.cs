using System.Net;
using System.Net.Sockets;
using Fairlead.Cli.Tests;

namespace Fairlead.Servers.Tests;

/// <summary>The commands of docs/rest.md, typed as they stand there, are answered well by a real <c>fairlead serve</c>.</summary>
public sealed class RestDocumentTests : IDisposable
{
    private const string DocumentedAddress = "http://127.0.0.1:5080";
    private readonly Workspace _here = new();

    public void Dispose() => _here.Dispose();

    [Fact]
    public async Task Every_command_of_the_document_is_answered_well()
    {
        var address = $"http://127.0.0.1:{FreePort()}";
        File.WriteAllText(_here.File("fairlead.yaml"), $"store: sqlite:./fairlead.db\nhttp: {{ url: \"{address}\" }}\nqueues: {{ fetch: {{}}, prices: {{}}, report: {{}} }}\n");
        var node = _here.Start("serve");
        await Workspace.UntilAsync(() => AnswersAsync($"{address}/readyz"), "the API answers");
        var commands = File.ReadLines(Document()).Where(line => line.StartsWith("$ ", StringComparison.Ordinal)).Select(line => line[2..]).ToList();
        commands.Count.ShouldBeGreaterThan(8);
        foreach (var command in commands)
        {
            var here = command.Replace(DocumentedAddress, address, StringComparison.Ordinal).Replace("curl ", "curl -sS --fail-with-body ", StringComparison.Ordinal);
            (await _here.StartTool("sh", "-c", here).EndAsync()).With(0);
        }
        (await _here.RunAsync("jobs", "--batch", "lines", "--json")).With(0).Json().GetProperty("jobs").GetArrayLength().ShouldBe(3);
        node.Signal("TERM");
        (await node.EndAsync()).With(0);
    }

    private static async Task<bool> AnswersAsync(string url)
    {
        using var client = new HttpClient();
        try
        {
            return (await client.GetAsync(new Uri(url))).IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static string Document()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "Fairlead.slnx")))
        {
            folder = folder.Parent;
        }
        return Path.Combine(folder.FullName, "docs", "rest.md");
    }
}
