using System.Globalization;

namespace Fairlead.Processes.Pools;

/// <summary>
/// Makes ids of workers: the queue's label in lower case, the second of the start (or the next second that has not been given yet), and the
/// node's number: <c>ai_1643234567.3</c>.
/// </summary>
internal sealed class WorkerIds(TimeProvider time, Func<string> node)
{
    private long _last;

    /// <summary>The next one; never given before by this node.</summary>
    public string Next(string label)
    {
        var now = time.GetUtcNow().ToUnixTimeSeconds();
        long last, next;
        do
        {
            last = Volatile.Read(ref _last);
            next = Math.Max(now, last + 1);
        }
        while (Interlocked.CompareExchange(ref _last, next, last) != last);
        return string.Create(CultureInfo.InvariantCulture, $"{Word(label)}_{next}.{node()}");
    }

    private static string Word(string label) => string.Concat(label.Select(static c => char.IsLetterOrDigit(c) ? char.ToLowerInvariant(c) : '_'));
}
