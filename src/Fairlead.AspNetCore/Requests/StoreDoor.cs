using Fairlead.Storage;

namespace Fairlead.AspNetCore.Requests;

/// <summary>The store, opened by whoever comes first; one that was away then is opened by whoever comes next.</summary>
internal sealed class StoreDoor(IJobStore store) : IDisposable
{
    private readonly SemaphoreSlim _opening = new(1, 1);
    private volatile bool _open;

    public async ValueTask<IJobStore> OpenAsync(CancellationToken cancellationToken)
    {
        if (_open)
        {
            return store;
        }
        await _opening.WaitAsync(cancellationToken);
        try
        {
            await store.OpenAsync(cancellationToken);
            _open = true;
            return store;
        }
        finally
        {
            _opening.Release();
        }
    }

    public void Dispose() => _opening.Dispose();
}
