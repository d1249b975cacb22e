using Qmtl.Cli.Shell;

return await CliApp.RunAsync(args, CliHost.OfThisProcess(), CancellationToken.None);
