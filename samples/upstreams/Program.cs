using Fairlead.Samples.Upstreams;
using Microsoft.Extensions.Configuration;

// dotnet run --project samples/upstreams -- [--port 5101] [--latency-ms 200] [--jitter-ms 50] [--errors 0.01] [--hangs 0.001] [--seed 1] [--scale 1] [--sp-api-rate 8] [--keepa-rate 300]
var options = new ConfigurationBuilder().AddCommandLine(args).Build();
var clock = TimeProvider.System;
var behaviour = new Behaviour
{
    Latency = TimeSpan.FromMilliseconds(options.GetValue("latency-ms", 200.0)),
    Jitter = TimeSpan.FromMilliseconds(options.GetValue("jitter-ms", 50.0)),
    ErrorShare = options.GetValue("errors", 0.0),
    HangShare = options.GetValue("hangs", 0.0),
    Seed = options.GetValue("seed", 1),
};
// What the shops and the marketplace take by themselves: 0.05 lets 7 s take 350 ms. A page that never answers never does.
var scale = options.GetValue("scale", 1.0);
var spApiRate = options.GetValue<double?>("sp-api-rate");
IUpstream[] upstreams =
[
    new SpApi(clock, spApiRate is { } rate ? SpApiOperation.Granted(rate) : []), new Keepa(clock, options.GetValue("keepa-rate", 300.0)), new Ebay(clock), new Adjustable(clock),
    new MachineShops(clock, scale, MachineShops.Silent), new Marketplace(clock, TimeSpan.FromSeconds(scale)),
    new JobBoards(clock, every: TimeSpan.FromMinutes(scale)),
];
var port = options.GetValue("port", 5101);
var servers = new List<UpstreamServer>();
foreach (var upstream in upstreams)
{
    servers.Add(await UpstreamServer.StartAsync(upstream, clock, behaviour, port == 0 ? 0 : port + servers.Count));
    Console.WriteLine($"{upstream.Name,-13} {servers[^1].Address}  counts: {servers[^1].Address}stats");
}

var ended = new TaskCompletionSource();
Console.CancelKeyPress += (_, pressed) =>
{
    pressed.Cancel = true;
    ended.TrySetResult();
};
await ended.Task;
foreach (var server in servers)
{
    await server.DisposeAsync();
}
