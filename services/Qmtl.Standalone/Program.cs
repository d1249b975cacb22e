using Qmtl.Standalone;

try
{
    await using var app = StandaloneHost.Build(args);
    await app.RunAsync();
    return 0;
}
catch (PortTakenException problem)
{
    await Console.Error.WriteLineAsync(problem.Message);
    return 1;
}
