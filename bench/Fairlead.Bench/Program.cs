using Fairlead.Bench;
using Fairlead.Bench.Cluster;
using Fairlead.Bench.PostgreSql;
using Fairlead.Bench.Soak;

// dotnet run -c Release --project bench/Fairlead.Bench -- <name>
return args switch
{
    ["store", .. var rest] => await StoreBench.RunAsync(rest),
    ["idle"] => await EngineReport.IdleAsync(),
    ["drain", .. var rest] => await EngineReport.DrainAsync(rest),
    ["engine", .. var rest] => await EngineReport.RunAsync(rest),
    ["serve", var file] => await EngineBench.ServeAsync(file),
    ["latency", ..] => await LatencyBench.RunAsync(),
    ["waiting", .. var rest] => await WaitingBench.RunAsync(rest),
    ["groups", .. var rest] => await GroupsBench.RunAsync(rest),
    ["processes", .. var rest] => await ProcessesBench.RunAsync(rest),
    ["programs"] => await ProcessBench.RunAsync(),
    ["processes-end", .. var rest] => await EndingBench.RunAsync(rest),
    ["ends", var rung, var tag] => await EndingBench.ServeAsync(rung, tag),
    ["talk", .. var rest] => await TalkBench.RunAsync(rest),
    ["upstreams", .. var rest] => await UpstreamsBench.RunAsync(rest),
    ["stream", .. var rest] => await StreamBench.RunAsync(rest),
    ["job-cpu", .. var rest] => await JobCpuBench.RunAsync(rest),
    ["nginx", .. var rest] => await NginxBench.RunAsync(rest),
    ["work", var file] => await ProcessesBench.WorkAsync(file),
    ["limits", .. var rest] => await LimitsBench.RunAsync(rest),
    ["call", var file, var grants, var ahead] => await LimitsBench.CallAsync(file, grants, ahead),
    ["postgresql", .. var rest] => await PostgreSqlBench.RunAsync(rest),
    ["cluster", .. var rest] => await ClusterBench.RunAsync(rest),
    ["soak", .. var rest] => await SoakBench.RunAsync(rest),
    [ClusterNode.Role, ..] => await ClusterNode.PlayAsync(args),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("Expected one of: engine [jobs], store [jobs], latency, waiting [jobs], groups [jobs], limits [grants], nginx [requests], upstreams [names], processes [number], programs, processes-end [kills] [rung], talk [trips], cluster [seconds] [seed], soak [minutes], postgresql (drain, enqueue, pickup, growth, snapshot).");
    return 2;
}
