using System.Net;
using Fairlead.Cli.Configuration;
using Fairlead.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Fairlead.Cli.Serving;

/// <summary>The API on Kestrel, beside a node or alone.</summary>
internal sealed class ApiServer : IAsyncDisposable
{
    private readonly WebApplication _application;

    private ApiServer(WebApplication application) => _application = application;

    /// <summary>Where it listens.</summary>
    public string Address => _application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();

    /// <exception cref="CommandFailure">The address is not a loopback address, or is taken.</exception>
    public static async Task<ApiServer> StartAsync(HttpConfiguration http, IJobStore store, TimeProvider time, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        RequireLoopback(http.Url);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls(http.Url.ToString());
        builder.Services.AddSingleton(loggers).AddSingleton(store).AddSingleton(time).AddRoutingCore();

        // A name that leads to this machine from a page of somebody else's must not lead to this API.
        builder.Services.AddHostFiltering(static options => options.AllowedHosts = ["localhost", "127.0.0.1", "[::1]"]);
        var application = builder.Build();
        application.UseHostFiltering();
        application.Use(RefuseForeignPagesAsync);
        application.MapFairlead();
        try
        {
            await application.StartAsync(cancellationToken);
            return new ApiServer(application);
        }
        catch (IOException error)
        {
            await application.DisposeAsync();
            throw new CommandFailure($"The API cannot listen on {http.Url}: {error.Message} Another address is set with http: {{ url: … }}, or FAIRLEAD__HTTP__URL.", inner: error);
        }
    }

    public ValueTask DisposeAsync() => _application.DisposeAsync();

    /// <summary>Any page that somebody opens can send requests to this machine; browsers say where it is from.</summary>
    private static Task RefuseForeignPagesAsync(HttpContext http, RequestDelegate next)
    {
        var origin = http.Request.Headers.Origin.ToString();
        if (origin.Length == 0 || (Uri.TryCreate(origin, UriKind.Absolute, out var from) && from.IsLoopback))
        {
            return next(http);
        }
        http.Response.StatusCode = StatusCodes.Status403Forbidden;
        return http.Response.WriteAsync("Pages of other sites have no business here.", http.RequestAborted);
    }

    private static void RequireLoopback(Uri url)
    {
        if (!url.IsLoopback)
        {
            throw new CommandFailure($"http: url: expects a loopback address such as http://127.0.0.1:5080, since this version has no keys; got {url}. Put a proxy that asks for credentials in front of it.");
        }
    }
}
