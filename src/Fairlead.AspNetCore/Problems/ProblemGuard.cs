using System.Text.Json;
using Fairlead.AspNetCore.Bodies;
using Fairlead.Storage;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Fairlead.AspNetCore.Problems;

/// <summary>The frame around every endpoint: whatever goes wrong becomes a problem in JSON.</summary>
internal sealed partial class ProblemGuard(ILogger<ProblemGuard> logger)
{
    /// <summary>How long a client should leave a store alone that is away, in seconds: nodes heal by themselves within about that time.</summary>
    private const string RetryAfter = "2";

    public async Task RunAsync(HttpContext http, Func<Task> endpoint)
    {
        try
        {
            await endpoint();
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            // Nobody is there to be told.
        }
#pragma warning disable CA1031 // clients get a problem, whatever happened
        catch (Exception error) when (!http.Response.HasStarted)
#pragma warning restore CA1031
        {
            await WriteAsync(http, Read(http, error));
        }
    }

    public static async Task WriteAsync(HttpContext http, Problem problem)
    {
        http.Response.StatusCode = problem.Status;
        http.Response.ContentType = ProblemBody.MediaType;
        if (problem.Status == StatusCodes.Status503ServiceUnavailable)
        {
            http.Response.Headers.RetryAfter = RetryAfter;
        }
        await JsonSerializer.SerializeAsync(http.Response.Body, ProblemBody.Of(problem), WireJson.Wire.ProblemBody, http.RequestAborted);
    }

    private Problem Read(HttpContext http, Exception error) => error switch
    {
        Problem problem => problem,
        StoreUnavailableException => Problem.StoreAway(error.Message),
        StoreMismatchException => Problem.StoreMismatch(error.Message),
        BadHttpRequestException refused => Problem.Transport(refused),
        ArgumentException => Problem.Rule(error.Message),
        _ => Log(http, error),
    };

    private Problem Log(HttpContext http, Exception error)
    {
        LogDefect(http.Request.Method, http.Request.Path, error);
        return Problem.Defect();
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{Method} {Path} failed.")]
    private partial void LogDefect(string method, PathString path, Exception error);
}
