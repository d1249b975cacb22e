using System.Diagnostics;
using System.Globalization;
using FsCheck;
using FsCheck.Fluent;

namespace Qmtl.Identity.Tests;

public sealed class FloatTextTests
{
    [Theory]
    [InlineData(0.0, "0.0")]
    [InlineData(1.0, "1.0")]
    [InlineData(-1.5, "-1.5")]
    [InlineData(0.1, "0.1")]
    [InlineData(100.0, "100.0")]
    [InlineData(1e-4, "0.0001")]
    [InlineData(1.25e-4, "0.000125")]
    [InlineData(1e-5, "1e-05")]
    [InlineData(1.5e-7, "1.5e-07")]
    [InlineData(1e15, "1000000000000000.0")]
    [InlineData(1e16, "1e+16")]
    [InlineData(1e17, "1e+17")]
    [InlineData(9007199254740993.0, "9007199254740992.0")]
    [InlineData(1.7976931348623157e308, "1.7976931348623157e+308")]
    [InlineData(5e-324, "5e-324")]
    [InlineData(-2.2250738585072014e-308, "-2.2250738585072014e-308")]
    public void Format_Number_IsWrittenAsPythonWritesIt(double value, string expected) => Assert.Equal(expected, FloatText.Format(value));

    [Fact]
    public void Format_NegativeZero_IsZero() => Assert.Equal("0.0", FloatText.Format(double.NegativeZero));

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(double.NegativeInfinity)]
    public void Format_NotFinite_IsRefused(double value) => Assert.Throws<ArgumentOutOfRangeException>(() => FloatText.Format(value));

    [Fact]
    public void Format_AnyBits_ReadBackAsTheSameNumber() => Prop.ForAll(
        ArbMap.Default.GeneratorFor<long>().Select(BitConverter.Int64BitsToDouble).Where(double.IsFinite).ToArbitrary(),
        value => double.Parse(FloatText.Format(value), CultureInfo.InvariantCulture).Equals(value == 0 ? 0.0 : value)).QuickCheckThrowOnFailure();

    [PythonFact]
    public async Task Format_TwentyThousandNumbers_EqualPythonsRepr()
    {
        var numbers = Numbers().ToArray();
        var input = string.Join('\n', numbers.Select(number => BitConverter.DoubleToInt64Bits(number).ToString("x16", CultureInfo.InvariantCulture)));
        var expected = await PythonFactAttribute.RunAsync(
            "import struct, sys\nfor line in sys.stdin: print(repr(struct.unpack('>d', bytes.fromhex(line.strip()))[0]))", input);

        var lines = expected.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(numbers.Length, lines.Length);
        for (var i = 0; i < lines.Length; i++) Assert.Equal(lines[i], FloatText.Format(numbers[i]));
    }

    // Where shortest-digit algorithms differ, if they do: powers of two and ten and their neighbours, and random bits of every exponent.
    private static IEnumerable<double> Numbers()
    {
        var random = new System.Random(20240229);
        for (var e = -1074; e < 1024; e++)
        {
            var power = Math.ScaleB(1.0, e);
            yield return power;
            yield return Math.BitIncrement(power);
            yield return power > double.Epsilon ? Math.BitDecrement(power) : power;
        }

        for (var e = -323; e <= 308; e++)
        {
            var power = double.Parse($"1e{e}", CultureInfo.InvariantCulture);
            yield return power;
            yield return Math.BitIncrement(power);
        }

        for (var i = 0; i < 8000; i++)
        {
            var bits = BitConverter.Int64BitsToDouble(random.NextInt64(long.MinValue, long.MaxValue));
            if (double.IsFinite(bits) && bits != 0) yield return bits;
            yield return Math.Round(random.NextDouble() * 100_000, i % 9) + 0.5;
        }
    }
}

/// <summary>A fact that compares with Python, skipped where the interpreter is missing.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class PythonFactAttribute : FactAttribute
{
    public PythonFactAttribute()
    {
        if (!File.Exists(Qmtl.Testing.Machine.Python)) Skip = "needs python3";
    }

    public static async Task<string> RunAsync(string script, string input)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var start = new ProcessStartInfo(Qmtl.Testing.Machine.Python, ["-c", script]) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true };
        start.Environment["PYTHONIOENCODING"] = "utf-8";
        using var python = Process.Start(start)!;
        var output = python.StandardOutput.ReadToEndAsync(timeout.Token);
        await python.StandardInput.WriteAsync(input.AsMemory(), timeout.Token);
        python.StandardInput.Close();
        await python.WaitForExitAsync(timeout.Token);
        Assert.Equal(0, python.ExitCode);
        return await output;
    }
}
