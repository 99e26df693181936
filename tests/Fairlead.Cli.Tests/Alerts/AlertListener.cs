using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Fairlead.Cli.Tests.Alerts;

/// <summary>A real server that alerts are posted to, and that answers as it is told to.</summary>
internal sealed class AlertListener : IAsyncDisposable
{
    public const string Token = "s3cret-token";
    private readonly WebApplication _server;
    private volatile Func<HttpContext, Task> _answer = static _ => Task.CompletedTask;

    private AlertListener(WebApplication server)
    {
        _server = server;
        _server.MapPost($"/{Token}", async (HttpContext context) =>
        {
            using var body = await JsonDocument.ParseAsync(context.Request.Body);
            ContentType = context.Request.ContentType;
            Posted.Enqueue(body.RootElement.Clone());
            await _answer(context);
        });
    }

    /// <summary>What was posted, in order, every try of it.</summary>
    public ConcurrentQueue<JsonElement> Posted { get; } = [];

    public string? ContentType { get; private set; }

    public Uri Url => new($"{_server.Urls.First()}/{Token}");

    public static async Task<AlertListener> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var listener = new AlertListener(builder.Build());
        await listener._server.StartAsync();
        return listener;
    }

    public IEnumerable<string?> Keys => Posted.Select(static alert => alert.GetProperty("key").GetString());

    /// <summary>Answers so from now on.</summary>
    public void Answer(int status) => _answer = context =>
    {
        context.Response.StatusCode = status;
        return Task.CompletedTask;
    };

    /// <summary>Answers from now on only when this has ended.</summary>
    public void AnswerAfter(Task end) => _answer = _ => end;

    public Task UntilPostedAsync(int count) => Workspace.UntilAsync(() => Posted.Count >= count, $"{count} posts");

    public async ValueTask DisposeAsync()
    {
        _answer = static _ => Task.CompletedTask;
        await _server.DisposeAsync();
    }
}
