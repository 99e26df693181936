namespace Fairlead.Storage.InMemory;

/// <summary>Rows by id, walked in order of id. Ids only grow, so pages in a list do; a page whose rows are all forgotten is let go.</summary>
internal sealed class JobTable
{
    private const int PageSize = 1024;
    private readonly List<Page?> _pages = [];

    public long LastId { get; private set; }

    public JobId NextId() => new(++LastId);

    public JobRow? Find(JobId id)
    {
        var page = id.Value > 0 && id.Value <= LastId ? At(id) : null;
        return page?.Rows[id.Value % PageSize];
    }

    public void Add(JobRow row)
    {
        var index = (int)(row.Id.Value / PageSize);
        while (_pages.Count <= index)
        {
            _pages.Add(null);
        }
        var page = _pages[index] ??= new();
        page.Rows[row.Id.Value % PageSize] = row;
        page.Count++;
    }

    public void Remove(JobRow row)
    {
        var page = At(row.Id)!;
        page.Rows[row.Id.Value % PageSize] = null;
        if (--page.Count == 0)
        {
            _pages[(int)(row.Id.Value / PageSize)] = null;
        }
    }

    /// <summary>The rows after (or, backwards, before) an id.</summary>
    public IEnumerable<JobRow> Walk(JobId? from, bool backwards)
    {
        var step = backwards ? -1 : 1;
        var id = (from?.Value ?? (backwards ? LastId + 1 : 0)) + step;
        while (id >= 1 && id <= LastId)
        {
            if (At(new(id)) is not { } page)
            {
                var first = id / PageSize * PageSize;
                id = backwards ? first - 1 : first + PageSize;
                continue;
            }
            if (page.Rows[id % PageSize] is { } row)
            {
                yield return row;
            }
            id += step;
        }
    }

    private Page? At(JobId id)
    {
        var index = (int)(id.Value / PageSize);
        return index < _pages.Count ? _pages[index] : null;
    }

    private sealed class Page
    {
        public readonly JobRow?[] Rows = new JobRow?[PageSize];
        public int Count;
    }
}
