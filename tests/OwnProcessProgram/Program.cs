using Fairlead;
using Fairlead.OwnProcessProgram;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

// A program as users write them, in each of the shapes that a process of a queue has to be made of. It knows nothing of such processes.
Console.WriteLine("Main prints this before it builds anything.");
if (Environment.GetEnvironmentVariable("OWN_SLOW_START") is { } slow)
{
    Thread.Sleep(TimeSpan.FromSeconds(double.Parse(slow)));
}
switch (args[0])
{
    case "host":
        var builder = Host.CreateApplicationBuilder(args);
        Setup.Add(builder.Services);
        builder.Services.AddHostedService<Mark>();
        builder.Build().Run();
        break;
    case "classic":
        Host.CreateDefaultBuilder(args).ConfigureServices(static services => Setup.Add(services.AddHostedService<Mark>())).Build().Run();
        break;
    case "web":
        var web = WebApplication.CreateBuilder(args);
        Setup.Add(web.Services);
        web.Services.AddHostedService<Mark>();
        var app = web.Build();
        app.MapGet("/", () => "up");
        app.Run("http://127.0.0.1:1");
        break;
    case "late":
        await Task.Yield();
        using (Host.CreateApplicationBuilder().Build())
        {
            // A first host, as some programs build one to read their configuration.
        }
        var late = Host.CreateApplicationBuilder(args);
        Setup.Add(late.Services);
        late.Services.AddHostedService<Mark>();
        await late.Build().RunAsync();
        break;
    case "hand":
        await using (var services = Setup.Add(new ServiceCollection()).BuildServiceProvider())
        {
            await services.GetRequiredService<FairleadHost>().StartAsync(default);
            await Console.Out.WriteLineAsync("The node runs.");
            await Task.Delay(Timeout.Infinite);
        }
        break;
    case "without":
        Host.CreateApplicationBuilder(args).Build();
        break;
    case "throws":
        throw new InvalidOperationException("no configuration today");
}
