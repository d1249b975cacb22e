using System.Runtime.InteropServices;
using Qmtl.Cli.Shell;

using var interrupted = new CancellationTokenSource();
using var byKey = PosixSignalRegistration.Create(PosixSignal.SIGINT, Interrupt);
using var bySystem = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Interrupt);
var host = CliHost.OfThisProcess();
try
{
    return await CliApp.RunAsync(args, host, interrupted.Token);
}
finally
{
    await host.Out.FlushAsync();
}

// The first signal lets the command tidy up; a second one ends the process at once.
void Interrupt(PosixSignalContext signal)
{
    if (interrupted.IsCancellationRequested) return;
    signal.Cancel = true;
    interrupted.Cancel();
}
