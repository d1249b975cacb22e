using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Qmtl.Samples;

var builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { Args = args, ContentRootPath = AppContext.BaseDirectory });
builder.AddServiceDefaults();
builder.Services.AddSingleton(TimeProvider.System);
builder.Services.AddSingleton(SampleSettings.From(builder.Configuration));
builder.Services.AddHostedService<LivingLoop>();

using var host = builder.Build();
await host.RunAsync();
return Environment.ExitCode;
