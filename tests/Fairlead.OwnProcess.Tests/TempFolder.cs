using System.Diagnostics;

namespace Fairlead.OwnProcess.Tests;

/// <summary>A folder for one test.</summary>
internal sealed class TempFolder : IDisposable
{
    private readonly string _path = Directory.CreateTempSubdirectory("fairlead-").FullName;

    /// <summary>A path in it.</summary>
    public string At(string name) => Path.Combine(_path, name);

    /// <summary>Waits until a file is there; fails when it does not come.</summary>
    public async Task UntilThereAsync(string name)
    {
        var clock = Stopwatch.StartNew();
        while (!File.Exists(At(name)))
        {
            clock.Elapsed.TotalSeconds.ShouldBeLessThan(30, $"{name} is written");
            await Task.Delay(10);
        }
    }

    public void Dispose() => Directory.Delete(_path, recursive: true);
}
