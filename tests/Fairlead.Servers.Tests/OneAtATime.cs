// What another limiter refuses depends on when calls arrive: a test that kills processes beside it would decide that.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
