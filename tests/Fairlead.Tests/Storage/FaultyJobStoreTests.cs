using Fairlead.Simulation;
using Fairlead.Storage;
using Fairlead.Testing;

namespace Fairlead.Tests.Storage;

public sealed class FaultyJobStoreTests
{
    private static readonly NewJob Job = new() { Queue = "q", Kind = new("work") };
    private readonly VirtualTime _time = new();
    private readonly InMemoryJobStore _inner;
    private readonly FaultyJobStore _store;

    public FaultyJobStoreTests()
    {
        _inner = new(_time);
        _store = new(_inner, _time);
    }

    private async Task<long> CountAsync() => (await _inner.ListQueuesAsync()).Sum(q => q.Jobs.Total);

    [Fact]
    public void A_failed_call_did_not_happen() => _time.Run(async () =>
    {
        _store.Next(Fault.Fail);
        await Should.ThrowAsync<StoreUnavailableException>(async () => await _store.EnqueueAsync([Job]));
        (await CountAsync()).ShouldBe(0);
        await _store.EnqueueAsync([Job]);
        (await CountAsync()).ShouldBe(1);
    });

    [Fact]
    public void A_lost_answer_did_happen() => _time.Run(async () =>
    {
        _store.Next(Fault.LoseAnswer, "Enqueue");
        await _store.ListQueuesAsync();
        await Should.ThrowAsync<StoreUnavailableException>(async () => await _store.EnqueueAsync([Job]));
        (await CountAsync()).ShouldBe(1);
        _store.Faults.ShouldBe(1);
    });

    [Theory]
    [InlineData(Fault.StallBefore, 0)]
    [InlineData(Fault.StallAfter, 1)]
    public void A_stall_takes_virtual_time(Fault fault, int during) => _time.Run(async () =>
    {
        _store.Next(new StoreFault(fault, TimeSpan.FromMinutes(1)));
        var begin = _time.Now;
        var call = _store.EnqueueAsync([Job]).AsTask();
        await Task.Delay(TimeSpan.FromSeconds(30), _time);
        (await CountAsync()).ShouldBe(during);
        await call;
        (await CountAsync()).ShouldBe(1);
        (_time.Now - begin).ShouldBe(TimeSpan.FromMinutes(1));
    });

    [Fact]
    public void Away_is_away_until_it_is_back() => _time.Run(async () =>
    {
        _store.Away = true;
        await Should.ThrowAsync<StoreUnavailableException>(async () => await _store.GetCountersAsync());
        await Should.ThrowAsync<StoreUnavailableException>(async () => await _store.PauseAsync("q"));
        _store.Away = false;
        await _store.GetCountersAsync();
    });

    [Fact]
    public void Equal_seeds_meet_equal_faults()
    {
        static string Faults(int seed)
        {
            var plan = FaultyJobStore.Chance(new(seed), 0.3, TimeSpan.FromSeconds(1));
            return string.Join(',', Enumerable.Range(0, 100).Select(i => plan("Claim", i)));
        }
        Faults(7).ShouldBe(Faults(7));
        Faults(7).ShouldNotBe(Faults(8));
    }
}
