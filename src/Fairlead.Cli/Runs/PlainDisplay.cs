using System.Globalization;
using Fairlead.Batches;

namespace Fairlead.Cli.Runs;

/// <summary>A line every few seconds, for files and pipes.</summary>
internal sealed class PlainDisplay(string name, TextWriter output, TimeProvider time) : IRunDisplay
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(3);
    private readonly long _began = time.GetTimestamp();
    private long _last = time.GetTimestamp();
    private long? _doneAtFirst;

    public void Show(StateTally items)
    {
        _doneAtFirst ??= items.Ended;
        if (time.GetElapsedTime(_last) >= Every)
        {
            _last = time.GetTimestamp();
            output.WriteLine($"{name}: {Text(items)}");
        }
    }

    public void Say(string message) => output.WriteLine(message);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private string Text(StateTally items)
    {
        var rate = (items.Ended - _doneAtFirst!.Value) / time.GetElapsedTime(_began).TotalSeconds;
        var left = rate > 0 ? $", about {DurationText.ForPeople((items.Total - items.Ended) / rate)} left" : "";
        var failed = items.Failed > 0 ? $", {items.Failed} failed" : "";
        return string.Create(CultureInfo.InvariantCulture, $"{items.Ended} of {items.Total} done{failed}, {items.Processing} running, {rate:0.#}/s{left}");
    }
}
