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

    [Fact]
    public void TryParseUsual_DigitsAndAPoint_GivesTheBitsOfTheFramework() =>
        Prop.ForAll(UsualNumbers, text =>
        {
            var expected = BitConverter.DoubleToInt64Bits(double.Parse(text, CultureInfo.InvariantCulture));
            var line = Encoding.UTF8.GetBytes($"2022-01-31T23:59:00Z,9.9,{text},8.8\n");
            var start = "2022-01-31T23:59:00Z,9.9,".Length;

            var usual = NumberText.TryParseUsual(line, start, start + text.Length, out var value);

            // Longer texts, and digits beyond 2^53, are the general parser's; whatever is taken must be right.
            var mustTake = text.TrimStart('-').Length <= 16 && text.Count(char.IsAsciiDigit) <= 15;
            return usual ? BitConverter.DoubleToInt64Bits(value) == expected : !mustTake;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(20_000));

    [Fact]
    public void TryParseUsual_AnyText_IsRefusedOrAgreesWithTheGeneralForm() =>
        Prop.ForAll(Gen.Elements([.. "0123456789.-+eE, "]).ArrayOf().ToArbitrary(), characters =>
        {
            var cell = new string(characters);
            var line = Encoding.UTF8.GetBytes("a line before it, " + cell);

            return !NumberText.TryParseUsual(line, line.Length - cell.Length, line.Length, out var value)
                || (NumberText.TryParse(Encoding.UTF8.GetBytes(cell), out var general) && BitConverter.DoubleToInt64Bits(value) == BitConverter.DoubleToInt64Bits(general));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(20_000));

    [Theory]
    [InlineData("")]
    [InlineData("-")]
    [InlineData(".")]
    [InlineData("-.")]
    [InlineData("1.2.3")]
    [InlineData("1/2")]
    [InlineData("12:30")]
    [InlineData("1 2")]
    [InlineData("\u0661")]
    public void TryParseUsual_NoNumber_IsRefused(string text)
    {
        var line = Encoding.UTF8.GetBytes("a line before it,," + text);

        Assert.False(NumberText.TryParseUsual(line, "a line before it,,".Length, line.Length, out _));
    }

    [Fact]
    public void TryParseUsual_AtTheStartOfABlock_ReadsNothingBeforeIt()
    {
        byte[] block = [.. "1.5"u8];

        Assert.False(NumberText.TryParseUsual(block, 0, 3, out _));
    }

    private static Arbitrary<string> UsualNumbers =>
        (from digits in Gen.Elements([.. "0123456789"]).ArrayOf().Where(digits => digits.Length is > 0 and <= 20)
         from point in Gen.Choose(0, digits.Length + 3)
         from sign in Gen.Elements("", "-")
         let number = new string(digits)
         select sign + (point <= digits.Length ? number.Insert(point, ".") : number)).ToArbitrary();

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
