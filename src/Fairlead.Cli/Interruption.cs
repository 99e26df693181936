using System.Runtime.InteropServices;

namespace Fairlead.Cli;

/// <summary>
/// Ctrl-C and SIGTERM: the first asks for an orderly end, the second for a quick one where there is one, the next is left to the system, which
/// ends the program at once. Nothing is lost in any case; orderly only spares work from being run again.
/// </summary>
internal sealed class Interruption : IDisposable
{
    private readonly CancellationTokenSource _asked = new();
    private readonly CancellationTokenSource _hurried = new();
    private readonly PosixSignalRegistration[] _registrations;
    private int _count;
    private volatile bool _hurryIsHeard;

    public Interruption() =>
        _registrations = [PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal), PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal)];

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Asked => _asked.Token;

    /// <summary>Cancelled by the second. Who asks for it takes care of the second signal; else that one ends the program.</summary>
    public CancellationToken Hurried
    {
        get
        {
            _hurryIsHeard = true;
            return _hurried.Token;
        }
    }

    public void Dispose()
    {
        foreach (var registration in _registrations)
        {
            registration.Dispose();
        }
        _asked.Dispose();
        _hurried.Dispose();
    }

    private void OnSignal(PosixSignalContext context)
    {
        var count = Interlocked.Increment(ref _count);
        context.Cancel = count == 1 || (count == 2 && _hurryIsHeard);
        if (count == 1)
        {
            _ = _asked.CancelAsync();
        }
        else if (count == 2)
        {
            _ = _hurried.CancelAsync();
        }
    }
}
