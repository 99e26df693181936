using System.Text.Json;
using Fairlead;
using Fairlead.Samples.ProductAnalysis;

// dotnet run --project samples/product-analysis -- [--role all|api|worker] [--concurrency 8] [--name worker1] [--db analysis.db] [--urls http://127.0.0.1:5080]
AnalysisSettings settings;
try
{
    settings = AnalysisSettings.From(new ConfigurationBuilder().AddEnvironmentVariables().AddCommandLine(args).Build());
}
catch (FormatException wrong)
{
    await Console.Error.WriteLineAsync(wrong.Message);
    return 2;
}
using var host = settings.Role == Role.Worker ? Worker() : Api();
// The store first: it is what makes the file.
await host.Services.GetRequiredService<JobClient>().Store.OpenAsync();
host.Services.GetRequiredService<AnalysisTables>().Create();
await host.RunAsync();
return 0;

IHost Worker()
{
    var builder = Host.CreateApplicationBuilder(args);
    builder.AddProductAnalysis(settings);
    return builder.Build();
}

IHost Api()
{
    var builder = WebApplication.CreateBuilder(args);
    builder.AddProductAnalysis(settings);
    builder.Services.AddSingleton<ProgressSync>().AddHostedService(provider => provider.GetRequiredService<ProgressSync>());
    builder.Services.ConfigureHttpJsonOptions(json => json.SerializerOptions.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower);
    var app = builder.Build();
    app.MapAnalyses();
    app.MapFairlead();
    return app;
}
