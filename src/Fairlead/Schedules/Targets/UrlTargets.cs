using System.Globalization;
using System.Net.Http.Headers;
using Fairlead.Engine;

namespace Fairlead.Schedules.Targets;

/// <summary>Targets that an address answers with, which is asked for every cycle: a JSON array, or one JSON value a line.</summary>
/// <param name="url">The address. May hold a token: not for messages.</param>
/// <param name="name">What it is called in messages.</param>
/// <param name="time">The clock.</param>
internal sealed class UrlTargets(Uri url, string name, TimeProvider time) : ITargetSource
{
    /// <summary>How long an answer may take, all of it.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>One for all: connections are kept, and looked up anew now and then. Time is left to the clock that is given here.</summary>
    private static readonly HttpClient Client = new(new SocketsHttpHandler { UseCookies = false, PooledConnectionLifetime = TimeSpan.FromMinutes(2) }) { Timeout = Timeout.InfiniteTimeSpan };

    /// <inheritdoc />
    public async ValueTask<IReadOnlyList<ReadOnlyMemory<byte>>> ReadAsync(Attempt attempt, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(Patience, time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            return TargetText.Read(await GetAsync(stop.Token), name);
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            throw new TargetsUnreadableException($"{name} could not be reached: {(error as HttpRequestException)?.HttpRequestError.ToString() ?? error.Message}", error);
        }
        catch (OperationCanceledException error) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TargetsUnreadableException($"{name} did not answer within {Patience.TotalSeconds:0} s.", error);
        }
    }

    private async Task<ReadOnlyMemory<byte>> GetAsync(CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, url) { Headers = { Accept = { new("application/json"), new("application/x-ndjson") } } };
        using var response = await Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        if (!response.IsSuccessStatusCode)
        {
            throw new TargetsUnreadableException(string.Create(CultureInfo.InvariantCulture, $"{name} answered {(int)response.StatusCode}{After(response.Headers.RetryAfter)}; expected 200 with the targets."));
        }
        return await BodyAsync(response.Content, cancellationToken);
    }

    private async Task<ReadOnlyMemory<byte>> BodyAsync(HttpContent content, CancellationToken cancellationToken)
    {
        var body = new MemoryStream();
        await using var stream = await content.ReadAsStreamAsync(cancellationToken);
        var piece = new byte[64 * 1024];
        while (await stream.ReadAsync(piece, cancellationToken) is > 0 and var read)
        {
            body.Write(piece.AsSpan(0, read));
            if (body.Length > TargetText.MostBytes)
            {
                throw TargetText.TooLarge(name);
            }
        }
        return body.GetBuffer().AsMemory(0, (int)body.Length);
    }

    private static string After(RetryConditionHeaderValue? retry) => retry?.Delta is { } delta ? $" (retry after {DurationText.Format(delta)})" : "";
}
