using System.Threading.Channels;
using Fairlead.Cli.Configuration;
using Fairlead.Engine;
using Fairlead.Processes;
using Microsoft.Extensions.Logging;

namespace Fairlead.Cli.Alerts;

/// <summary>
/// Tells people of alerts, one after the other, beside the engine: whoever raises one goes on at once, whatever becomes of it. The same kind and
/// key is told again only after <see cref="AlertMemory.Quiet" />; of more than 100 that wait to be told the oldest are dropped.
/// </summary>
internal sealed partial class AlertSender : IAlerts, IAsyncDisposable
{
    private const int MostWaiting = 100;
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(5);
    private readonly Lock _gate = new();
    private readonly IProcessHost _host;
    private readonly TimeProvider _time;
    private readonly string _node;
    private readonly ILogger _logger;
    private readonly AlertMemory _memory;
    private readonly Channel<Waiting> _waiting;
    private readonly HttpClient _client = AlertPost.MakeClient();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _telling;
    private AlertConfiguration? _configuration;
    private IAlertChannel? _channel;
    private int _untold;
    private bool _fails;

    /// <summary>Begins to tell.</summary>
    /// <param name="configuration">Whom, and of what; null for nobody.</param>
    /// <param name="host">Runs the program of alerts.</param>
    /// <param name="time">The clock.</param>
    /// <param name="node">The name of the node that raises them.</param>
    /// <param name="logger">Where it says that alerts cannot be told.</param>
    public AlertSender(AlertConfiguration? configuration, IProcessHost host, TimeProvider time, string node, ILogger logger)
    {
        (_host, _time, _node, _logger) = (host, time, node, logger);
        _memory = new AlertMemory(time);
        _waiting = Channel.CreateBounded<Waiting>(
            new BoundedChannelOptions(MostWaiting) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true }, Dropped);
        Obey(configuration);
        _telling = Task.Factory.StartNew(TellAllAsync, CancellationToken.None, TaskCreationOptions.DenyChildAttach, TaskScheduler.Default).Unwrap();
    }

    /// <summary>How many were not told since one last was: they were dropped, or could not be told.</summary>
    public int Untold => Volatile.Read(ref _untold);

    /// <summary>Tells others from now on, or of other things: the file was read again.</summary>
    public void Obey(AlertConfiguration? configuration)
    {
        lock (_gate)
        {
            if (Equals(configuration, _configuration))
            {
                return;
            }
            _configuration = configuration;
            _channel = configuration switch
            {
                null => null,
                { Url: { } url } => new AlertPost(_client, url, _time),
                _ => new AlertProgram(configuration.Run, configuration.Directory, _host),
            };
        }
    }

    /// <inheritdoc />
    /// <remarks>The flags of the file stand in the order of the engine's kinds.</remarks>
    public bool Wants(AlertKind kind) => _configuration?.On.HasFlag((AlertKinds)(1 << (int)kind)) == true;

    /// <inheritdoc />
    public void Raise(Alert alert)
    {
        if (!Wants(alert.Kind))
        {
            return;
        }
        int? meanwhile;
        lock (_gate)
        {
            meanwhile = _memory.Note(alert);
        }
        if (meanwhile is { } times)
        {
            var message = times == 0 ? alert.Message : $"{alert.Message} ({times} more since this was last told.)";
            _waiting.Writer.TryWrite(new Waiting(alert, new AlertBody(AlertBody.NameOf(alert.Kind), alert.Key, message, _time.GetUtcNow(), _node)));
        }
    }

    /// <summary>Tells what waits, for at most 5 s, and ends.</summary>
    public async ValueTask DisposeAsync()
    {
        _waiting.Writer.TryComplete();
        using (var limit = new CancellationTokenSource(LastWords, _time))
        await using (limit.Token.Register(static stop => ((CancellationTokenSource)stop!).Cancel(), _stop))
        {
            await _telling;
        }
        if (_untold > 0)
        {
            LogLeftUntold(_logger, _untold);
        }
        _client.Dispose();
        _stop.Dispose();
    }

    private async Task TellAllAsync()
    {
        await foreach (var waiting in _waiting.Reader.ReadAllAsync(CancellationToken.None))
        {
            try
            {
                await TellAsync(waiting);
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                Interlocked.Increment(ref _untold);
            }
            catch (AlertFailure failure)
            {
                NotTold(waiting.Alert, failure.Message);
            }
#pragma warning disable CA1031 // whatever happens, the next alert is told
            catch (Exception error)
#pragma warning restore CA1031
            {
                NotTold(waiting.Alert, error.GetType().Name);
            }
        }
    }

    private async Task TellAsync(Waiting waiting)
    {
        _stop.Token.ThrowIfCancellationRequested();
        if (_channel is not { } channel)
        {
            return;
        }
        await channel.TellAsync(waiting.Body, _stop.Token);
        var untold = Interlocked.Exchange(ref _untold, 0);
        if (untold > 0)
        {
            LogToldAgain(_logger, untold);
        }
        _fails = false;
    }

    private void NotTold(Alert alert, string reason)
    {
        Interlocked.Increment(ref _untold);
        lock (_gate)
        {
            _memory.Forget(alert.Kind, alert.Key);
        }
        if (!_fails)
        {
            _fails = true;
            LogNotTold(_logger, reason);
        }
    }

    private void Dropped(Waiting waiting)
    {
        Interlocked.Increment(ref _untold);
        lock (_gate)
        {
            _memory.Forget(waiting.Alert.Kind, waiting.Alert.Key);
        }
    }

    private sealed record Waiting(Alert Alert, AlertBody Body);

    [LoggerMessage(80, LogLevel.Warning, "Alerts cannot be told: {Reason}. Further ones that cannot are counted, and said when one is told again")]
    private static partial void LogNotTold(ILogger logger, string reason);

    [LoggerMessage(81, LogLevel.Warning, "The node ends, and {Count} alerts were not told")]
    private static partial void LogLeftUntold(ILogger logger, int count);

    [LoggerMessage(82, LogLevel.Warning, "Alerts are told again; {Count} were not")]
    private static partial void LogToldAgain(ILogger logger, int count);
}
