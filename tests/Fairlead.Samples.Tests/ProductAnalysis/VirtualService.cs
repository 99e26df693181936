using System.Net.Http.Json;
using Fairlead.Samples.Upstreams;

namespace Fairlead.Samples.Tests.ProductAnalysis;

/// <summary>A service at the end of an HTTP client's handlers, in virtual time: it answers after a while and counts.</summary>
internal sealed class VirtualService(IUpstream upstream, TimeProvider time, TimeSpan latency) : HttpMessageHandler
{
    private int _inFlight;

    public int Admitted { get; private set; }

    public int Refused { get; private set; }

    public int MostInFlight { get; private set; }

    public DateTimeOffset LastAsked { get; private set; }

    /// <summary>A client whose requests go through these handlers. HttpClient's own way would leave the one thread of virtual time.</summary>
    public static HttpClient Client(HttpMessageHandler handlers) => new StraightClient(handlers);

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        (MostInFlight, LastAsked) = (Math.Max(MostInFlight, ++_inFlight), time.GetUtcNow());
        try
        {
            await Task.Delay(latency / 2, time, cancellationToken);
            var answer = upstream.Answer(UpstreamCall.To("/" + request.RequestUri!.OriginalString));
            _ = answer.Status == 200 ? Admitted++ : Refused++;
            await Task.Delay(latency / 2, time, cancellationToken);
            return new((System.Net.HttpStatusCode)answer.Status) { Content = JsonContent.Create(answer.Body) };
        }
        finally
        {
            _inFlight--;
        }
    }

    private sealed class StraightClient(HttpMessageHandler handlers) : HttpClient(handlers)
    {
        private readonly HttpMessageInvoker _way = new(handlers, disposeHandler: false);

        public override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => _way.SendAsync(request, cancellationToken);

        protected override void Dispose(bool disposing)
        {
            _way.Dispose();
            base.Dispose(disposing);
        }
    }
}
