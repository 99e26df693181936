using System.Runtime.InteropServices;
using Fairlead.Engine;

namespace Fairlead.Cli.Serving;

/// <summary>Says when the configuration file may have changed: at once on SIGHUP, soon after it was written; a slow look stands behind the system's word.</summary>
internal sealed class ConfigurationWatch : IDisposable
{
    private static readonly TimeSpan Settle = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(5);
    private readonly string _file;
    private readonly TimeProvider _time;
    private readonly Wakeup _bell;
    private readonly FileSystemWatcher? _watcher;
    private readonly PosixSignalRegistration? _hangUp;
    private DateTime _written;
    private bool _asked;

    public ConfigurationWatch(string file, TimeProvider time)
    {
        (_file, _time, _bell) = (file, time, new Wakeup(time));
        _written = File.GetLastWriteTimeUtc(file);
        _watcher = Watch(file);
        _hangUp = OperatingSystem.IsWindows() ? null : PosixSignalRegistration.Create(PosixSignal.SIGHUP, OnHangUp);
    }

    /// <summary>Returns when the file was written, or somebody asked for it to be read.</summary>
    public async Task ChangedAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await _bell.WaitAsync(Longest, cancellationToken);
            cancellationToken.ThrowIfCancellationRequested();
            var written = File.GetLastWriteTimeUtc(_file);
            if (Volatile.Read(ref _asked) || written != _written)
            {
                // Editors write in several steps; a file that is half written would be read for nothing.
                await Task.Delay(Settle, _time, cancellationToken);
                Volatile.Write(ref _asked, false);
                _written = File.GetLastWriteTimeUtc(_file);
                return;
            }
        }
    }

    public void Dispose()
    {
        _watcher?.Dispose();
        _hangUp?.Dispose();
    }

    /// <summary>Null where the system cannot watch (too many watches): the slow look remains.</summary>
    private FileSystemWatcher? Watch(string file)
    {
        try
        {
            // The folder, not the file: editors and configuration maps put another file in its place.
            var watcher = new FileSystemWatcher(Path.GetDirectoryName(file)!) { NotifyFilter = NotifyFilters.LastWrite | NotifyFilters.FileName | NotifyFilters.CreationTime };
            watcher.Changed += (_, _) => _bell.Ring();
            watcher.Created += (_, _) => _bell.Ring();
            watcher.Renamed += (_, _) => _bell.Ring();
            watcher.EnableRaisingEvents = true;
            return watcher;
        }
        catch (Exception error) when (error is IOException or ArgumentException)
        {
            return null;
        }
    }

    private void OnHangUp(PosixSignalContext context)
    {
        context.Cancel = true;
        Volatile.Write(ref _asked, true);
        _bell.Ring();
    }
}
