using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Qmtl.AppHost;

try
{
    var builder = DistributedApplication.CreateBuilder(args);
    var profile = AppHostProfile.Choose(builder, ContainerRuntime.Answers);
    Console.WriteLine(profile);

    var topology = profile.IsFull ? FullTopology.Compose(builder, profile) : EmbeddedTopology.Compose(builder);
    builder.AddSampleStrategy(topology);

    await using var app = builder.Build();
    var stopping = app.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
    var announcing = builder.ExecutionContext.IsRunMode ? Announcement.WriteAsync(app, topology, stopping) : Task.CompletedTask;
    await app.RunAsync();
    await announcing;
    return 0;
}
catch (DistributedApplicationException fault)
{
    Console.Error.WriteLine(fault.Message);
    return 1;
}
