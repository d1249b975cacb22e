using System.Globalization;

namespace Qmtl.Gateway.Tests.Activation;

/// <summary>Gates never open early, and converge once everything has arrived.</summary>
public sealed class ActivationFuzzTests
{
    // Every run of the tests; the million takes QMTL_FUZZ_SEQUENCES=1000000.
    private const int Sequences = 100_000;

    [Fact]
    public void Activation_PermutedDroppedDuplicated_NeverOpensEarlyAndConverges()
    {
        var count = int.TryParse(Environment.GetEnvironmentVariable("QMTL_FUZZ_SEQUENCES"), NumberStyles.None, CultureInfo.InvariantCulture, out var asked) ? asked : Sequences;
        var first = (Seed: int.MaxValue, Wrong: "");
        Lock gate = new();
        long steps = 0;

        Parallel.For(0, count, (seed, loop) =>
        {
            var fuzz = new ActivationFuzz(seed);
            var wrong = fuzz.Run();
            Interlocked.Add(ref steps, fuzz.Steps);
            if (wrong is null) return;
            lock (gate) first = seed < first.Seed ? (seed, wrong) : first;
            loop.Break();
        });

        Assert.True(first.Wrong.Length == 0, $"Seed {first.Seed}: {first.Wrong}");
        Assert.True(steps > count, $"Only {steps} events were delivered.");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void Activation_ASequenceOfItsOwn_CanBeRunAgain(int seed) => Assert.Null(new ActivationFuzz(seed).Run());
}
