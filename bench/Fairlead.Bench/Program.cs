using Fairlead.Bench;

// dotnet run -c Release --project bench/Fairlead.Bench -- <name>
return args switch
{
    ["store", .. var rest] => await StoreBench.RunAsync(rest),
    ["latency", ..] => await LatencyBench.RunAsync(),
    ["waiting", .. var rest] => await WaitingBench.RunAsync(rest),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("Expected one of: store [jobs], latency, waiting [jobs].");
    return 2;
}
