using System.Net;
using System.Net.Http.Headers;

namespace Fairlead.Cli.Alerts;

/// <summary>
/// Posts alerts to a URL, each up to three times. Redirects are not followed: a POST that is redirected would arrive without its body, and the
/// URL may hold a token that is meant for one host.
/// </summary>
internal sealed class AlertPost(HttpClient client, Uri url, TimeProvider time) : IAlertChannel
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan[] Pauses = [TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(4)];

    /// <summary>A client that follows nothing, remembers nothing, and leaves the time to the clock that is given here.</summary>
    public static HttpClient MakeClient() => new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { Timeout = Timeout.InfiniteTimeSpan };

    public async Task TellAsync(AlertBody alert, CancellationToken cancellationToken)
    {
        for (var attempt = 0; ; attempt++)
        {
            var problem = await PostAsync(alert.ToJson(), cancellationToken);
            if (problem is null)
            {
                return;
            }
            if (attempt == Pauses.Length)
            {
                throw new AlertFailure($"the URL of alerts {problem}, {attempt + 1} times");
            }
            await Task.Delay(Pauses[attempt], time, cancellationToken);
        }
    }

    /// <summary>What went wrong; null when nothing did. The exceptions' own words would name the host.</summary>
    private async Task<string?> PostAsync(byte[] json, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(Patience, time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        using var content = new ByteArrayContent(json) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = content };
            using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, stop.Token);
            return response.IsSuccessStatusCode ? null : $"answered {(int)response.StatusCode}{Hint(response.StatusCode)}";
        }
        catch (HttpRequestException error)
        {
            return $"could not be reached ({error.HttpRequestError})";
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return $"did not answer within {Patience.TotalSeconds:0} s";
        }
    }

    private static string Hint(HttpStatusCode status) => (int)status is >= 300 and < 400 ? " (redirects are not followed: name the address it redirects to)" : "";
}
