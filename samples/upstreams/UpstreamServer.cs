using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Fairlead.Samples.Upstreams;

/// <summary>
/// One service over real HTTP on this machine, with latency, errors and hangs as its <see cref="Behaviour" /> says. It counts what
/// reaches it: <see cref="Statistics" />, and <c>GET /stats</c>.
/// </summary>
public sealed class UpstreamServer : IAsyncDisposable
{
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    private readonly Lock _gate = new();
    private readonly IUpstream _upstream;
    private readonly Behaviour _behaviour;
    private readonly TimeProvider _clock;
    private readonly Random _random;
    private readonly WebApplication _app;

    private UpstreamServer(IUpstream upstream, Behaviour behaviour, TimeProvider clock, int port)
    {
        (_upstream, _behaviour, _clock, _random, Statistics) = (upstream, behaviour, clock, new(behaviour.Seed), new(clock));
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port));
        _app = builder.Build();
        _app.Run(HandleAsync);
    }

    /// <summary>Where it listens.</summary>
    public Uri Address => new(_app.Urls.First());

    /// <summary>What has reached it.</summary>
    public UpstreamStatistics Statistics { get; }

    /// <summary>Starts a service.</summary>
    /// <param name="upstream">Which.</param>
    /// <param name="clock">Its time; the same as the service's.</param>
    /// <param name="behaviour">How it behaves apart from its limits; by default at once and without errors.</param>
    /// <param name="port">Where; 0 for any free port.</param>
    public static async Task<UpstreamServer> StartAsync(IUpstream upstream, TimeProvider clock, Behaviour? behaviour = null, int port = 0)
    {
        var server = new UpstreamServer(upstream, behaviour ?? new(), clock, port);
        await server._app.StartAsync();
        return server;
    }

    /// <summary>Asks the service directly, past HTTP: to change what it grants while it runs.</summary>
    public UpstreamAnswer Ask(UpstreamCall call)
    {
        lock (_gate)
        {
            return _upstream.Answer(call);
        }
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        using var atOnce = new CancellationTokenSource(TimeSpan.Zero, _clock);
        await _app.StopAsync(atOnce.Token);
        await _app.DisposeAsync();
    }

    private async Task HandleAsync(HttpContext context)
    {
        if (context.Request.Path == "/stats")
        {
            await context.Response.WriteAsJsonAsync(Statistics.Read(), Json);
            return;
        }
        var call = Statistics.Began();
        try
        {
            await AnswerAsync(context, call, ReadCall(context.Request));
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The caller has gone: what it asked for is counted all the same.
        }
        finally
        {
            Statistics.Ended(call);
        }
    }

    private async Task AnswerAsync(HttpContext context, CallInFlight counted, UpstreamCall call)
    {
        var fate = DrawFate();
        await DelayAsync(fate.Before, context);
        var answer = Decide(counted, call);
        if (answer is { Counts: true, Status: 200 })
        {
            Statistics.Befell(fate.Fails, fate.Hangs);
            await DelayAsync(fate.Hangs ? _behaviour.HangFor : TimeSpan.Zero, context);
            answer = fate.Fails ? new(503, new { error = "Service unavailable." }) : answer;
        }
        await DelayAsync(answer.Takes + fate.After, context);
        foreach (var (name, value) in answer.Headers)
        {
            context.Response.Headers[name] = value;
        }
        context.Response.StatusCode = answer.Status;
        await WriteAsync(context, answer);
    }

    private static Task WriteAsync(HttpContext context, UpstreamAnswer answer)
    {
        if (answer.Body is string text && answer.ContentType != "application/json")
        {
            context.Response.ContentType = answer.ContentType;
            return context.Response.WriteAsync(text, context.RequestAborted);
        }
        return context.Response.WriteAsJsonAsync(answer.Body, context.RequestAborted);
    }

    private UpstreamAnswer Decide(CallInFlight counted, UpstreamCall call)
    {
        lock (_gate)
        {
            var answer = _upstream.Answer(call);
            if (answer.Counts)
            {
                Statistics.Arrived(counted, answer);
            }
            return answer;
        }
    }

    private Fate DrawFate()
    {
        lock (_gate)
        {
            return Fate.Draw(_behaviour, _random);
        }
    }

    private Task DelayAsync(TimeSpan time, HttpContext context) =>
        time > TimeSpan.Zero ? Task.Delay(time, _clock, context.RequestAborted) : Task.CompletedTask;

    private static UpstreamCall ReadCall(HttpRequest request)
    {
        var values = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var (name, value) in request.Headers.Concat(request.Query))
        {
            values[name] = value.ToString();
        }
        return new(request.Path, values);
    }
}
