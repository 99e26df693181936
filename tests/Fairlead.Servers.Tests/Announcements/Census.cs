namespace Fairlead.Servers.Tests.Announcements;

/// <summary>Counts the processes of each queue again and again, and keeps the most there ever were at once.</summary>
internal sealed class Census : IAsyncDisposable
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(15);
    private readonly CancellationTokenSource _end = new();
    private readonly Dictionary<string, int> _most = [];
    private readonly Announcing _here;
    private readonly Task _counting;

    public Census(Announcing here)
    {
        _here = here;
        _counting = CountAsync();
    }

    /// <summary>The most processes of a queue that were seen at once.</summary>
    public int MostOf(string queue) => _most.GetValueOrDefault(queue);

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _counting;
        _end.Dispose();
    }

    private async Task CountAsync()
    {
        while (!_end.IsCancellationRequested)
        {
            foreach (var queue in (string[])[Announcing.Ai, Announcing.Upload, Announcing.Investor])
            {
                _most[queue] = Math.Max(MostOf(queue), _here.Workers(queue).Count);
            }
            await Task.Delay(Every, TimeProvider.System, CancellationToken.None);
        }
    }
}
