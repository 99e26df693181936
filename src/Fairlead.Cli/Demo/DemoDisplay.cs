using System.Globalization;
using Fairlead.Batches;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Fairlead.Cli.Demo;

/// <summary>Shows the products and what both upstreams see, live.</summary>
internal abstract class DemoDisplay : IAsyncDisposable
{
    public static DemoDisplay Create(CommandContext context, int products, params Upstream[] upstreams) =>
        context.Output.AnswersOnTerminal ? new Bars(products, upstreams) : new Lines(context, upstreams);

    public abstract void Show(StateTally items);

    public virtual ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static string Text(StateTally items) =>
        string.Create(CultureInfo.InvariantCulture, $"{items.Completed}/{items.Total} done, {items.Processing} running, {items.Scheduled} waiting to be tried again");

    private static string Text(Upstream upstream) =>
        string.Create(CultureInfo.InvariantCulture, $"{upstream.Admitted} admitted, {upstream.Refused} refused, {upstream.Hung} hung");

    /// <summary>A line every few seconds.</summary>
    private sealed class Lines(CommandContext context, Upstream[] upstreams) : DemoDisplay
    {
        private static readonly TimeSpan Every = TimeSpan.FromSeconds(3);
        private long _last = context.Time.GetTimestamp();

        public override void Show(StateTally items)
        {
            if (context.Time.GetElapsedTime(_last) >= Every)
            {
                _last = context.Time.GetTimestamp();
                context.Output.Line($"products: {Text(items)} | {string.Join(" | ", upstreams.Select(upstream => $"{upstream.Name}: {Text(upstream)}"))}");
            }
        }
    }

    /// <summary>Three bars on a terminal.</summary>
    private sealed class Bars : DemoDisplay
    {
        private readonly Upstream[] _upstreams;
        private readonly TaskCompletionSource _over = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource<ProgressTask[]> _bars = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly string[] _texts;
        private readonly Task _shown;

        public Bars(int products, Upstream[] upstreams)
        {
            _upstreams = upstreams;
            _texts = ["", .. upstreams.Select(_ => "")];
            _shown = AnsiConsole.Progress()
                .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn { Width = 40 }, new PercentageColumn(), new TextColumn(_texts))
                .StartAsync(async progress =>
                {
                    _bars.SetResult([.. Names(upstreams).Select(name => progress.AddTask(name, maxValue: products))]);
                    await _over.Task;
                });
        }

        public override void Show(StateTally items)
        {
            if (!_bars.Task.IsCompletedSuccessfully)
            {
                return;
            }
            var bars = _bars.Task.Result;
            (_texts[0], bars[0].Value) = (Text(items), items.Completed);
            for (var i = 0; i < _upstreams.Length; i++)
            {
                (_texts[i + 1], bars[i + 1].Value) = (Text(_upstreams[i]), _upstreams[i].Admitted - _upstreams[i].Hung);
            }
        }

        public override async ValueTask DisposeAsync()
        {
            _over.TrySetResult();
            await _shown;
        }

        private static IEnumerable<string> Names(Upstream[] upstreams) => ["products", .. upstreams.Select(upstream => upstream.Name)];

        private sealed class TextColumn(string[] texts) : ProgressColumn
        {
            protected override bool NoWrap => true;

            public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime) => new Text(texts[task.Id % texts.Length]);
        }
    }
}
