using System.Globalization;
using System.Text;
using FsCheck;
using FsCheck.Fluent;

namespace Qmtl.Data.Tests;

public sealed class NumberTextTests
{
    [Fact]
    public void TryParse_AnyDouble_ReadsBackTheSameBits() =>
        Prop.ForAll<NormalFloat, int>((number, decimals) =>
        {
            string[] texts =
            [
                number.Get.ToString("R", CultureInfo.InvariantCulture),
                (number.Get % 1e9).ToString("F" + Math.Abs(decimals % 12), CultureInfo.InvariantCulture),
            ];
            return texts.All(text => NumberText.TryParse(Encoding.UTF8.GetBytes(text), out var value)
                && BitConverter.DoubleToInt64Bits(value) == BitConverter.DoubleToInt64Bits(double.Parse(text, CultureInfo.InvariantCulture)));
        }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("0.1", 0.1)]
    [InlineData("-0", -0.0)]
    [InlineData("1.", 1)]
    [InlineData(".5", 0.5)]
    [InlineData("+2", 2)]
    [InlineData("1e-3", 0.001)]
    [InlineData("999999999999999", 999999999999999)]
    [InlineData("9007199254740993", 9007199254740992)]
    [InlineData("0.000000000000000000001", 1e-21)]
    public void TryParse_Number_IsCorrectlyRounded(string text, double expected)
    {
        Assert.True(NumberText.TryParse(Encoding.UTF8.GetBytes(text), out var value));
        Assert.Equal(BitConverter.DoubleToInt64Bits(expected), BitConverter.DoubleToInt64Bits(value));
    }

    [Theory]
    [InlineData("")]
    [InlineData("-")]
    [InlineData(".")]
    [InlineData("1.2.3")]
    [InlineData("1,5")]
    [InlineData("Infinity")]
    [InlineData("1e400")]
    [InlineData("0x10")]
    [InlineData("1 2")]
    public void TryParse_NoNumber_IsRefused(string text) => Assert.False(NumberText.TryParse(Encoding.UTF8.GetBytes(text), out _));
}
