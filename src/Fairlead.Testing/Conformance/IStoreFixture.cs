using Fairlead.Storage;

namespace Fairlead.Testing.Conformance;

/// <summary>What a store gives to join the conformance cases: fresh, empty storage, and ways to open and to lose it.</summary>
public interface IStoreFixture : IAsyncDisposable
{
    /// <summary>
    /// A store over this fixture's storage. Called several times, it gives several stores over the same data, as several processes
    /// would have them. All time must be read from <paramref name="clock" />, and <see cref="IJobStore.OpenAsync" /> has been called.
    /// </summary>
    ValueTask<IJobStore> OpenAsync(TimeProvider clock);

    /// <summary>
    /// What <c>kill -9</c> of the process that owns <paramref name="store" /> would do: no node that joined through it is ever heard of
    /// again, and the next rescue through another store finds them dead (locks are dropped, or silence is made long enough). The clock
    /// stays where it is, and other nodes keep their leases. The store is not used again.
    /// </summary>
    ValueTask KillAsync(IJobStore store);
}
