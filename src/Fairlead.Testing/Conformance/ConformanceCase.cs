namespace Fairlead.Testing.Conformance;

/// <summary>One promise of the storage contract as a test any store can run, in any test framework.</summary>
/// <param name="Name">Stable, unique: <c>Topic.Promise</c>.</param>
/// <param name="Promise">The promise in one sentence.</param>
/// <param name="Body">What proves it.</param>
public sealed record ConformanceCase(string Name, string Promise, Func<Scene, Task> Body)
{
    /// <summary>Runs the case against fresh storage.</summary>
    /// <exception cref="ConformanceFailure">The promise is not kept; the message says what was expected and what came.</exception>
    public async Task RunAsync(IStoreFixture fixture)
    {
        var scene = await Scene.OpenAsync(fixture);
        try
        {
            await Body(scene);
        }
        catch (ConformanceFailure failure)
        {
            throw new ConformanceFailure($"{Name}: {Promise} {failure.Message}", failure);
        }
        finally
        {
            await scene.DisposeAsync();
        }
    }

    /// <summary>The name, as test runners show it.</summary>
    public override string ToString() => Name;
}

/// <summary>A store did not keep a promise.</summary>
public sealed class ConformanceFailure(string message, Exception? inner = null) : Exception(message, inner);
