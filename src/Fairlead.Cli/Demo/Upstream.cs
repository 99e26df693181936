using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Fairlead.Cli.Demo;

/// <summary>
/// A web service on a free port of this machine that behaves as the real ones do: it answers after a while, refuses with 429 and
/// Retry-After beyond its rate, and now and then never answers at all.
/// </summary>
internal sealed class Upstream : IAsyncDisposable
{
    /// <summary>What SP-API grants for its catalogue beside the rate, about.</summary>
    private const int Burst = 10;

    private readonly WebApplication _server;
    private readonly RateGate _gate;
    private readonly TimeProvider _time;
    private readonly TimeSpan _latency;
    private readonly int _hangEvery;
    private long _admitted;
    private long _refused;
    private long _hung;

    private Upstream(string name, int perSecond, TimeSpan latency, int hangEvery, TimeProvider time)
    {
        Name = name;
        PerSecond = perSecond;
        _gate = new RateGate(perSecond, Burst, time);
        _time = time;
        _latency = latency;
        _hangEvery = hangEvery;
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        _server = builder.Build();
        _server.Run(AnswerAsync);
    }

    public string Name { get; }

    public int PerSecond { get; }

    /// <summary>Where it listens.</summary>
    public Uri Address { get; private set; } = null!;

    public long Admitted => Volatile.Read(ref _admitted);

    public long Refused => Volatile.Read(ref _refused);

    public long Hung => Volatile.Read(ref _hung);

    /// <summary>Starts one.</summary>
    /// <param name="name">Its name for people.</param>
    /// <param name="perSecond">What it admits in a second, beside a small burst.</param>
    /// <param name="latency">How long an answer takes.</param>
    /// <param name="hangEvery">Each n-th admitted request is never answered; 0 for none.</param>
    /// <param name="time">The clock.</param>
    public static async Task<Upstream> StartAsync(string name, int perSecond, TimeSpan latency, int hangEvery, TimeProvider time)
    {
        var upstream = new Upstream(name, perSecond, latency, hangEvery, time);
        await upstream._server.StartAsync();
        upstream.Address = new Uri(upstream._server.Urls.First());
        return upstream;
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        if (!_gate.TryPass(out var wait))
        {
            Interlocked.Increment(ref _refused);
            context.Response.StatusCode = StatusCodes.Status429TooManyRequests;
            context.Response.Headers.RetryAfter = Math.Ceiling(wait.TotalSeconds).ToString(CultureInfo.InvariantCulture);
            return;
        }
        var number = Interlocked.Increment(ref _admitted);
        var hangs = _hangEvery > 0 && number % _hangEvery == 0;
        if (hangs)
        {
            Interlocked.Increment(ref _hung);
        }
        await Task.Delay(hangs ? Timeout.InfiniteTimeSpan : _latency, _time, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!context.RequestAborted.IsCancellationRequested)
        {
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync($"{{\"from\":\"{Name}\",\"price\":{number % 90 + 10}}}");
        }
    }
}
