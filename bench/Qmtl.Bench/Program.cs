using Qmtl.Bench;
using Qmtl.Bench.Engine;

if (args is [PeakMemory.Argument, var scale])
{
    PeakMemory.Serve(scale, Console.Out);
    return 0;
}

return await BenchCommand.Create(Console.Out, Console.Error).Parse(args).InvokeAsync();
