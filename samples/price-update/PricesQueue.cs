namespace Fairlead.Samples.PriceUpdate;

/// <summary>How prices are fetched: what no request may do to the others.</summary>
internal static class PricesQueue
{
    public static void Configure(QueueOptions queue)
    {
        queue.MaxConcurrent = 20;                                       // of all batches; changed while they run: PATCH /api/v1/queues/prices
        queue.TimeoutBy = new TimeoutBy("/tier", new Dictionary<string, TimeSpan>(StringComparer.Ordinal) { ["1"] = TimeSpan.FromSeconds(30) });
        queue.Timeout = TimeSpan.FromSeconds(60);                       // every other tier
        queue.KillAfter = TimeSpan.FromSeconds(30);                     // 60 + 30: after 90 s the slot is free, whatever the code does
        queue.SlowAfter = TimeSpan.FromSeconds(60);                     // said in the log
        queue.Deadline = TimeSpan.FromMinutes(15);                      // however often a machine is tried
        queue.Retries = 1;
        queue.Group = "/domain";                                        // shops share fairly: none waits behind another's slow pages
        queue.Breaker = new BreakerPolicy { Failures = 5, OpenFor = TimeSpan.FromSeconds(30), MaxOpen = TimeSpan.FromMinutes(5) };
    }
}
