using System.Globalization;

namespace Fairlead.Samples.Upstreams;

/// <summary>One service: decides what a call gets. Pure arithmetic over its clock; <see cref="UpstreamServer" /> puts HTTP around it.</summary>
public interface IUpstream
{
    /// <summary>Its name: <c>sp-api</c>.</summary>
    string Name { get; }

    /// <summary>Answers a call that has just arrived. The server asks for one call at a time.</summary>
    UpstreamAnswer Answer(UpstreamCall call);
}

/// <summary>A call as a service sees it.</summary>
/// <param name="Path">Such as <c>/product</c>.</param>
/// <param name="Values">Query and headers, without regard to case; the query wins.</param>
public sealed record UpstreamCall(string Path, IReadOnlyDictionary<string, string> Values)
{
    /// <summary>A call by its path and query alone: <c>/product?asin=A,B</c>.</summary>
    public static UpstreamCall To(string pathAndQuery)
    {
        var parts = pathAndQuery.Split('?', 2);
        var query = (parts.Length > 1 ? parts[1] : "").Split('&', StringSplitOptions.RemoveEmptyEntries).Select(static pair => pair.Split('=', 2));
        return new(parts[0], query.ToDictionary(static pair => pair[0], static pair => pair.Length > 1 ? Uri.UnescapeDataString(pair[1]) : "", StringComparer.OrdinalIgnoreCase));
    }

    /// <summary>A value of the query or a header; null for none.</summary>
    public string? this[string name] => Values.GetValueOrDefault(name);

    /// <summary>A value that is a number.</summary>
    public double Number(string name, double otherwise) =>
        double.TryParse(this[name], NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : otherwise;
}

/// <summary>What a call gets.</summary>
/// <param name="Status">200, 429, …</param>
/// <param name="Body">The JSON; where <see cref="ContentType" /> says otherwise, the text.</param>
public sealed record UpstreamAnswer(int Status, object Body)
{
    /// <summary>What the body is; <c>application/json</c> by default.</summary>
    public string ContentType { get; init; } = "application/json";

    /// <summary>How long this answer takes beyond the service's <see cref="Behaviour" />; 34 minutes for one that nobody waits for. Default 0.</summary>
    public TimeSpan Takes { get; init; }

    /// <summary>Whom or what it was for: a shop, an account and what was asked of it. Calls are counted by it; null for none.</summary>
    public string? For { get; init; }

    /// <summary>Its headers.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);

    /// <summary>False for what only asks or sets something about the service: it is neither counted nor delayed.</summary>
    public bool Counts { get; init; } = true;

    /// <summary>With one header more.</summary>
    public UpstreamAnswer With(string header, double value) => With(header, value.ToString(CultureInfo.InvariantCulture));

    /// <inheritdoc cref="With(string, double)" />
    public UpstreamAnswer With(string header, string value) =>
        this with { Headers = new Dictionary<string, string>(Headers, StringComparer.OrdinalIgnoreCase) { [header] = value } };
}
