using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Fairlead.Http.Tests;

/// <summary>A web service on a free port of this machine that notes when each request arrived and answers as it is told.</summary>
internal sealed class CountingUpstream : IAsyncDisposable
{
    private readonly WebApplication _server;
    private readonly ConcurrentQueue<DateTimeOffset> _arrivals = new();
    private int _requests;

    private CountingUpstream(Func<int, HttpContext, Task> answer)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(static kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        _server = builder.Build();
        _server.Run(context =>
        {
            _arrivals.Enqueue(TimeProvider.System.GetUtcNow());
            return answer(Interlocked.Increment(ref _requests), context);
        });
    }

    public Uri Address => new(_server.Urls.First());

    public IReadOnlyList<DateTimeOffset> Arrivals => [.. _arrivals];

    /// <summary>Starts one; <paramref name="answer" /> is given the request's number, from 1.</summary>
    public static async Task<CountingUpstream> StartAsync(Func<int, HttpContext, Task>? answer = null)
    {
        var upstream = new CountingUpstream(answer ?? (static (_, _) => Task.CompletedTask));
        await upstream._server.StartAsync();
        return upstream;
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();
}
