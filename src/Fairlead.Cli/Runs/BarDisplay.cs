using System.Globalization;
using Fairlead.Batches;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Fairlead.Cli.Runs;

/// <summary>A bar that moves, for terminals. Everything that is said meanwhile appears above it.</summary>
internal sealed class BarDisplay : IRunDisplay
{
    private readonly IAnsiConsole _console;
    private readonly TaskCompletionSource _over = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _shown;
    private ProgressTask? _bar;
    private volatile string _counts = "";

    public BarDisplay(string name)
    {
        _console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        _shown = _console.Progress()
            .AutoClear(true)
            .HideCompleted(false)
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn { Width = 40 }, new PercentageColumn(), new CountsColumn(this), new RemainingTimeColumn())
            .StartAsync(async context =>
            {
                _bar = context.AddTask(Markup.Escape(name), maxValue: 1);
                await _over.Task;
            });
    }

    public void Show(StateTally items)
    {
        if (_bar is not { } bar)
        {
            return;
        }
        _counts = string.Create(CultureInfo.InvariantCulture, $"{items.Ended}/{items.Total}, {items.Processing} running{(items.Failed > 0 ? $", {items.Failed} failed" : "")}");
        bar.MaxValue = Math.Max(1, items.Total);
        bar.Value = items.Ended;
    }

    public void Say(string message) => _console.WriteLine(message);

    public async ValueTask DisposeAsync()
    {
        _over.TrySetResult();
        await _shown;
    }

    private sealed class CountsColumn(BarDisplay display) : ProgressColumn
    {
        public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime) => new Text(display._counts);
    }
}
