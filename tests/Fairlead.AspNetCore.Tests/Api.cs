using System.Net;
using System.Text;
using System.Text.Json;
using Fairlead.Sqlite;
using Fairlead.Storage;
using Fairlead.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Fairlead.AspNetCore.Tests;

/// <summary>A server with the API on a free port of this machine, over a store in a file or in memory that can be made to fail.</summary>
public sealed class Api : IAsyncDisposable
{
    private readonly WebApplication _server;
    private readonly string? _folder;

    private Api(WebApplication server, FaultyJobStore store, string? folder)
    {
        (_server, Store, _folder) = (server, store, folder);
        Client = new HttpClient { BaseAddress = new Uri(server.Urls.First()) };
    }

    public HttpClient Client { get; }

    public FaultyJobStore Store { get; }

    public static async Task<Api> StartAsync(bool inFile = true)
    {
        var folder = inFile ? Directory.CreateTempSubdirectory("fairlead-api-").FullName : null;
        IJobStore inner = folder is null
            ? new InMemoryJobStore(TimeProvider.System)
            : new SqliteJobStore(new SqliteStoreOptions { ConnectionString = Path.Combine(folder, "api.db") }, TimeProvider.System);
        var store = new FaultyJobStore(inner, TimeProvider.System);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddSingleton<IJobStore>(store).AddSingleton(TimeProvider.System);
        var server = builder.Build();
        server.MapFairlead();
        await server.StartAsync(TestContext.Current.CancellationToken);
        return new Api(server, store, folder);
    }

    /// <summary>Sends a request; the body, if there is one, as JSON unless a type is named.</summary>
    public async Task<Reply> SendAsync(string method, string path, string? body = null, string type = "application/json", string? prefer = null)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), "/api/v1/" + path);
        request.Content = body is null ? null : new ByteArrayContent(Encoding.UTF8.GetBytes(body)) { Headers = { { "Content-Type", type } } };
        if (prefer is not null)
        {
            request.Headers.Add("Prefer", prefer);
        }
        return await Reply.ReadAsync(await Client.SendAsync(request, TestContext.Current.CancellationToken));
    }

    public Task<Reply> GetAsync(string path) => SendAsync("GET", path);

    /// <summary>Enqueues and answers with the id.</summary>
    public async Task<long> EnqueueAsync(string path, string payload = "{}") => (await SendAsync("POST", path, payload)).With(HttpStatusCode.Accepted).Json.GetProperty("id").GetInt64();

    /// <summary>A node of the store that declares a queue.</summary>
    public async Task<NodeId> JoinAsync(QueueDefinition queue)
    {
        await Store.OpenAsync();
        return (await Store.JoinAsync(new NodeRegistration
        {
            Name = "node", Slots = 100, Queues = [new ServedQueue(queue, [new JobKind(queue.Name)])], Lease = TimeSpan.FromMinutes(10),
        })).Node;
    }

    /// <summary>Runs the next job of a queue to its end.</summary>
    public async Task<AttemptKey> ClaimAsync(NodeId node, string queue, long sequence = 1)
    {
        var claim = await Store.ClaimAsync(new ClaimRequest { Node = node, Sequence = sequence, Slots = 1, Queues = [new QueueClaim(queue, [new JobKind(queue)], 1)] });
        return claim.Jobs.ShouldHaveSingleItem().Key;
    }

    /// <summary>Ends an attempt well.</summary>
    public async Task CompleteAsync(NodeId node, AttemptKey key, string result = "null")
    {
        var now = TimeProvider.System.GetUtcNow();
        var applied = await Store.ApplyAsync(node, [JobTransition.Completed(new AttemptTimes(key, now, now), Encoding.UTF8.GetBytes(result), [])]);
        applied.ShouldBe([ApplyResult.Applied]);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        Store.Away = false;
        await _server.DisposeAsync();
        if (_folder is not null)
        {
            Directory.Delete(_folder, recursive: true);
        }
    }
}

/// <summary>What came back.</summary>
public sealed record Reply(HttpResponseMessage Response, string Text)
{
    public JsonElement Json => JsonElement.Parse(Text);

    public static async Task<Reply> ReadAsync(HttpResponseMessage response) => new(response, await response.Content.ReadAsStringAsync());

    public Reply With(HttpStatusCode status)
    {
        Response.StatusCode.ShouldBe(status, Text);
        return this;
    }

    /// <summary>A problem of that name whose detail contains all of these.</summary>
    public Reply Problem(HttpStatusCode status, string code, params string[] saying)
    {
        With(status);
        Response.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
        Json.EnumerateObject().Select(member => member.Name).ShouldBe(["type", "title", "status", "detail"]);
        Json.GetProperty("type").GetString().ShouldBe($"urn:fairlead:problem:{code}");
        Json.GetProperty("status").GetInt32().ShouldBe((int)status);
        Json.GetProperty("title").GetString().ShouldNotBeNullOrEmpty();
        foreach (var words in saying)
        {
            Json.GetProperty("detail").GetString()!.ShouldContain(words);
        }
        return this;
    }
}
