using System.Diagnostics;
using Microsoft.Extensions.Hosting;

namespace Fairlead.Processes.OwnProcess;

/// <summary>Hears of every host that the program builds, before it is started: .NET tells its tools of it by this event.</summary>
internal sealed class HostWatch(Action<IServiceProvider> built) : IObserver<DiagnosticListener>, IObserver<KeyValuePair<string, object?>>
{
    private const string Listener = "Microsoft.Extensions.Hosting";
    private const string HostBuilt = "HostBuilt";

    /// <summary>Begins to listen.</summary>
    public static void Begin(Action<IServiceProvider> built) => DiagnosticListener.AllListeners.Subscribe(new HostWatch(built));

    /// <inheritdoc />
    public void OnNext(DiagnosticListener value)
    {
        if (value.Name == Listener)
        {
            value.Subscribe(this);
        }
    }

    /// <inheritdoc />
    public void OnNext(KeyValuePair<string, object?> value)
    {
        if (value.Key == HostBuilt && value.Value is IHost host)
        {
            built(host.Services);
        }
    }

    /// <inheritdoc />
    public void OnCompleted()
    {
        // A listener that ends tells nothing.
    }

    /// <inheritdoc />
    public void OnError(Exception error)
    {
        // The same.
    }
}
