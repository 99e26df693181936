using System.Globalization;
using Fairlead.AspNetCore.Problems;
using Microsoft.AspNetCore.Http;

namespace Fairlead.AspNetCore.Requests;

/// <summary>The parameters of a query, each read as what it should be. Unknown, doubled and wrong ones are refused.</summary>
internal sealed class QueryOptions
{
    private readonly IQueryCollection _query;

    /// <param name="query">What came.</param>
    /// <param name="known">What the endpoint knows.</param>
    public QueryOptions(IQueryCollection query, string[] known)
    {
        _query = query;
        foreach (var name in query.Keys.Where(name => !known.Contains(name, StringComparer.Ordinal)))
        {
            throw Problem.Query(known.Length == 0 ? $"No parameters are expected here; got '{name}'." : NearestName.Unknown("parameter", name, known));
        }
    }

    public string? Text(string name) => _query.TryGetValue(name, out var values)
        ? values is [{ Length: > 0 } text] ? text : throw Expected(name, "one value that is not empty", values.ToString())
        : null;

    public int? Whole(string name, int least, int most) => (int?)Number(name, least, most);

    public long? Number(string name, long least, long most)
    {
        var text = Text(name);
        return text is null ? null
            : long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most ? number
            : throw Expected(name, $"a whole number from {least} to {most}", text);
    }

    public TimeSpan? Duration(string name, bool allowZero = false)
    {
        var text = Text(name);
        return text is null ? null
            : DurationText.TryParse(text, out var duration) && (allowZero || duration > TimeSpan.Zero) ? duration
            : throw Expected(name, "a duration such as 250ms, 60s, 5m, 2h or 7d", text);
    }

    public bool Flag(string name) => Text(name) switch
    {
        null or "false" => false,
        "true" => true,
        var text => throw Expected(name, "true or false", text),
    };

    public JobStatus? Status(string name = "status")
    {
        var text = Text(name);
        return text is null ? null
            : JobStatuses.FromWire(text) ?? throw Expected(name, "scheduled, queued, blocked, processing, completed, failed or cancelled", text);
    }

    public JobId? Cursor(string name = "cursor")
    {
        var text = Text(name);
        return text is null ? null : JobId.TryParse(text, null, out var id) ? id : throw Expected(name, "what the page before said as next", text);
    }

    private static Problem Expected(string name, string what, string got) => Problem.Query($"{name} expects {what}; got '{got}'.");
}
