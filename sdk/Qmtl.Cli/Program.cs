using System.Runtime.InteropServices;
using Qmtl.Cli.Shell;

using var interrupted = new CancellationTokenSource();
using var byKey = PosixSignalRegistration.Create(PosixSignal.SIGINT, Interrupt);
using var bySystem = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Interrupt);
return await CliApp.RunAsync(args, CliHost.OfThisProcess(), interrupted.Token);

// The first signal lets the command tidy up; a second one ends the process at once.
void Interrupt(PosixSignalContext signal)
{
    if (interrupted.IsCancellationRequested) return;
    signal.Cancel = true;
    interrupted.Cancel();
}
