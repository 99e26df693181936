using System.Diagnostics;
using Fairlead.PostgreSql;
using Fairlead.Storage;

namespace Fairlead.Servers.Tests.PostgreSql.BadDays;

/// <summary>A disk of 48 MiB that is full. It is a file system in memory with the database's tablespace; mounting it takes root, or a sudo that asks for no password.</summary>
public sealed class DiskFullTests(OwnServer own) : IClassFixture<OwnServer>
{
    [Fact]
    public async Task Says_so_keeps_nothing_of_the_call_and_heals_when_there_is_room()
    {
        using var disk = new SmallDisk();
        await own.Server.ExecuteAsync($"CREATE TABLESPACE small LOCATION '{disk.Tables}'");
        await own.Server.ExecuteAsync("CREATE DATABASE small TABLESPACE small");
        await using (var store = new PostgreSqlJobStore(own.Server.Url("small")))
        {
            await store.OpenAsync();
            await store.EnqueueAsync([Job(10)]);
            disk.Fill();
            var full = await Assert.ThrowsAsync<StoreUnavailableException>(async () => await store.EnqueueAsync([Job(10), Job(4_000_000)]));
            Assert.Contains("no room left", full.Message);
            Assert.Contains("small", full.Message);
            Assert.Equal(1, (await store.ListQueuesAsync())[0].Jobs.Total);

            disk.Empty();
            Assert.Equal(2, (await Until.AnsweredAsync(() => store.EnqueueAsync([Job(10), Job(4_000_000)]))).Count);
            Assert.Equal(3, (await store.ListQueuesAsync())[0].Jobs.Total);
        }
        await own.Server.ExecuteAsync("DROP DATABASE small WITH (FORCE)");
        await own.Server.ExecuteAsync("DROP TABLESPACE small");
    }

    /// <summary>A job whose payload cannot be packed smaller.</summary>
    private static NewJob Job(int size)
    {
        var random = new byte[size];
        new Random(1).NextBytes(random);
        return new() { Queue = "q", Kind = new("work"), Payload = random };
    }

    /// <summary>A small file system that is really full when it is.</summary>
    private sealed class SmallDisk : IDisposable
    {
        private readonly string _folder = Directory.CreateTempSubdirectory("fairlead-disk-").FullName;

        public SmallDisk()
        {
            File.SetUnixFileMode(_folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
            RunAsRoot("mount", "-t", "tmpfs", "-o", "size=48m,mode=777", "tmpfs", _folder);
            Directory.CreateDirectory(Tables);
            if (Environment.IsPrivilegedProcess)
            {
                RunAsRoot("chown", "postgres", Tables);
            }
        }

        public string Tables => Path.Combine(_folder, "tables");

        private string Filler => Path.Combine(_folder, "filler");

        public void Fill()
        {
            using var file = new FileStream(Filler, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
            var block = new byte[4096];
            try
            {
                while (true)
                {
                    file.Write(block);
                }
            }
            catch (IOException)
            {
                // Not one more block fits.
            }
        }

        public void Empty() => File.Delete(Filler);

        public void Dispose()
        {
            RunAsRoot("umount", "-l", _folder);
            Directory.Delete(_folder);
        }

        private static void RunAsRoot(params string[] command)
        {
            using var process = Environment.IsPrivilegedProcess ? Process.Start(command[0], command[1..]) : Process.Start("sudo", ["-n", .. command]);
            process.WaitForExit();
            Assert.True(process.ExitCode == 0, $"{string.Join(' ', command)} ended with {process.ExitCode}.");
        }
    }
}
