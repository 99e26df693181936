using Fairlead.Samples.Upstreams;

namespace Fairlead.Servers.Tests.Samples;

/// <summary>What the ready-made workers fetch: pages that are there, and one address for each way to be refused.</summary>
internal sealed class Pages : IUpstream
{
    /// <summary>What a page says, and its length in JSON: 10,000 characters in quotation marks.</summary>
    public const int Bytes = 10_002;

    /// <summary>The seconds after which the address that is busy wants to be asked again.</summary>
    public const int BusyFor = 7;

    public string Name => "pages";

    public UpstreamAnswer Answer(UpstreamCall call) => call.Path switch
    {
        "/page" => new(200, new string('x', Bytes - 2)),
        "/busy" => new UpstreamAnswer(429, "busy").With("Retry-After", BusyFor),
        "/broken" => new(503, "broken"),
        _ => new(404, "nothing here"),
    };
}
