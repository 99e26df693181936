using Fairlead.Processes;
using static Fairlead.Tests.Processes.WardenHarness;

namespace Fairlead.Tests.Processes;

/// <summary>What a program holds in memory counts with what its children hold, and not with its neighbour's.</summary>
public sealed class MemoryIsSeen : IAsyncLifetime
{
    private const long MiB = 1 << 20;
    private Warden _warden = null!;

    public async ValueTask InitializeAsync() => _warden = await StartAsync();

    public ValueTask DisposeAsync() => _warden.DisposeAsync();

    [Theory]
    [InlineData("")]
    [InlineData("os.setpgid(0, 0)")]
    public async Task A_child_counts_with_its_parent_and_a_neighbour_does_not(string leave)
    {
        var (heavy, light) = (Start($"""
            import os
            if os.fork() == 0:
                {(leave.Length > 0 ? leave : "pass")}
                held = b'x' * (100 << 20)
                print('up', flush=True)
                os.read(0, 1)
                os._exit(0)
            os.wait()
            """), Start("import os; print('up', flush=True); os.read(0, 1)"));
        await UntilAsync(() => heavy.Listener.Text == "up\n" && light.Listener.Text == "up\n", "both are up");
        var held = _warden.MemoryOf([heavy.Process.Pid, light.Process.Pid]);
        held[heavy.Process.Pid].ShouldBeInRange(100 * MiB, 160 * MiB);
        held[light.Process.Pid].ShouldBeInRange(1 * MiB, 50 * MiB);
        light.Process.CloseInput();
        heavy.Process.CloseInput();
        await light.Process.Exit;
        await heavy.Process.Exit;
        _warden.MemoryOf([heavy.Process.Pid, light.Process.Pid]).ShouldBeEmpty();
    }

    private (IHostedProcess Process, Listener Listener) Start(string script)
    {
        var listener = new Listener();
        return (_warden.Start(Talkers.Python(script), listener), listener);
    }
}
