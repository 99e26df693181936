using System.Globalization;
using Fairlead.Samples.Upstreams;

namespace Fairlead.Bench.Cluster;

/// <summary>A service that answers whoever calls, and keeps when each call of which attempt arrived.</summary>
internal sealed class ClusterUpstream(TimeProvider clock) : IUpstream
{
    private readonly List<ClusterCall> _calls = [];
    private readonly Lock _gate = new();

    public string Name => "cluster";

    public IReadOnlyList<ClusterCall> Calls
    {
        get
        {
            lock (_gate)
            {
                return [.. _calls];
            }
        }
    }

    public UpstreamAnswer Answer(UpstreamCall call)
    {
        lock (_gate)
        {
            _calls.Add(new(long.Parse(call["job"]!, CultureInfo.InvariantCulture), long.Parse(call["fence"]!, CultureInfo.InvariantCulture), clock.GetUtcNow()));
        }
        return new(200, new { ok = true });
    }
}

/// <summary>One call that arrived.</summary>
internal sealed record ClusterCall(long Job, long Fence, DateTimeOffset At);
