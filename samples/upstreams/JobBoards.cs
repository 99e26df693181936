using System.Globalization;
using System.Net;
using System.Text;

namespace Fairlead.Samples.Upstreams;

/// <summary>
/// Job boards as people see them: HTML pages of listings, the newest first, ten on a page. <c>/loker/jobs?page=2</c>. New listings appear while it runs,
/// so that a listing moves on to the next page between two calls and is seen twice; the first page's is advertised on every other page, too. Of each
/// board's calls every ninth is answered 429 with <c>Retry-After: 1</c> and every fourteenth 500. <c>/glints/down?on=1</c> breaks a board until <c>?on=0</c>.
/// </summary>
/// <param name="clock">Its time.</param>
/// <param name="atFirst">Listings of each board at the start.</param>
/// <param name="atMost">Listings of each board in the end.</param>
/// <param name="every">How often each board has a new one; a minute by default.</param>
public sealed class JobBoards(TimeProvider clock, int atFirst = 45, int atMost = 500, TimeSpan? every = null) : IUpstream
{
    private const int PerPage = 10, RefusesEach = 9, BreaksEach = 14;

    /// <summary>The names of the boards.</summary>
    public static readonly IReadOnlyList<string> Names = ["loker", "jobstreet", "glints"];

    private readonly TimeSpan _every = every ?? TimeSpan.FromMinutes(1);
    private readonly DateTimeOffset _start = clock.GetUtcNow();
    private readonly Dictionary<string, int> _calls = Names.ToDictionary(static name => name, static _ => 0, StringComparer.Ordinal);
    private readonly HashSet<string> _down = new(StringComparer.Ordinal);
    private readonly List<string> _visits = [];

    /// <inheritdoc />
    public string Name => "job-boards";

    /// <summary>How many listings each board has now; their ids are 1 to this number.</summary>
    public int Listings => (int)Math.Min(atMost, atFirst + ((clock.GetUtcNow() - _start) / _every));

    /// <summary>Which boards were called, in order.</summary>
    public IReadOnlyList<string> Visits => [.. _visits];

    /// <inheritdoc />
    public UpstreamAnswer Answer(UpstreamCall call)
    {
        var parts = call.Path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (parts is not [var board, var what] || !_calls.ContainsKey(board))
        {
            return new UpstreamAnswer(404, new { error = $"There are pages such as /{Names[0]}/jobs?page=1." });
        }
        return what == "down" ? Break(board, call.Number("on", 1) > 0) : Visit(board, (int)call.Number("page", 1));
    }

    private UpstreamAnswer Break(string board, bool down)
    {
        _ = down ? _down.Add(board) : _down.Remove(board);
        return new UpstreamAnswer(200, new { board, down }) { Counts = false };
    }

    private UpstreamAnswer Visit(string board, int page)
    {
        _visits.Add(board);
        var call = ++_calls[board];
        return _down.Contains(board) || call % BreaksEach == 0 ? Page(500, "<h1>Something went wrong</h1>")
            : call % RefusesEach == 0 ? Page(429, "<h1>Slow down</h1>").With("Retry-After", 1)
            : Page(200, Listing(board, Math.Max(1, page)));
    }

    private string Listing(string board, int page)
    {
        var newest = Listings;
        var html = new StringBuilder();
        if (page > 1)
        {
            Add(html, board, newest, " promoted");
        }
        var first = newest - ((page - 1) * PerPage);
        for (var id = first; id > Math.Max(0, first - PerPage); id--)
        {
            Add(html, board, id, "");
        }
        if (first > PerPage)
        {
            html.Append(CultureInfo.InvariantCulture, $"<a rel=\"next\" href=\"/{board}/jobs?page={page + 1}\">Next</a>\n");
        }
        return html.ToString();
    }

    private static void Add(StringBuilder html, string board, int id, string kind) => html.Append(
        CultureInfo.InvariantCulture,
        $"<article class=\"job{kind}\" data-id=\"{id}\"><h2><a href=\"/{board}/job/{id}\">{WebUtility.HtmlEncode($"Baker & barista no. {id}")}</a></h2><p class=\"company\">Company {id % 17}</p></article>\n");

    private static UpstreamAnswer Page(int status, string body) =>
        new(status, $"<!doctype html><title>Jobs</title>\n{body}") { ContentType = "text/html; charset=utf-8" };
}
