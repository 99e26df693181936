namespace Fairlead.Servers.Tests.PostgreSql.BadDays;

/// <summary>Waiting for what must come, with a deadline and the name of what did not.</summary>
internal static class Until
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(50);

    public static async Task TrueAsync(Func<ValueTask<bool>> holds, Func<string> what)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (!await holds())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < s_patience, $"Waited in vain until {what()}.");
            await Task.Delay(s_look, TimeProvider.System);
        }
    }

    public static Task TrueAsync(Func<bool> holds, string what) => TrueAsync(() => new ValueTask<bool>(holds()), () => what);

    /// <summary>The answer of a call, as soon as the store gives one: what a caller does who tries again.</summary>
    public static async Task<T> AnsweredAsync<T>(Func<ValueTask<T>> call)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (true)
        {
            try
            {
                return await call();
            }
            catch (Fairlead.Storage.StoreUnavailableException) when (TimeProvider.System.GetElapsedTime(began) < s_patience)
            {
                await Task.Delay(s_look, TimeProvider.System);
            }
        }
    }

    /// <summary>A task's end; one that does not come fails the test.</summary>
    public static Task<T> WithinPatienceAsync<T>(this Task<T> task) => task.WaitAsync(s_patience, TimeProvider.System);

    /// <inheritdoc cref="WithinPatienceAsync{T}" />
    public static Task WithinPatienceAsync(this Task task) => task.WaitAsync(s_patience, TimeProvider.System);
}
