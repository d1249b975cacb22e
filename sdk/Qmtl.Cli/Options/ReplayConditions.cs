using System.CommandLine;
using Qmtl.Cli.Shell;
using Qmtl.Runtime;
using Qmtl.Statistics;

namespace Qmtl.Cli.Options;

/// <summary>The options that set the conditions of a replay.</summary>
internal sealed class ReplayConditions
{
    private const string On = "on";
    private const string Close = "close";
    private readonly Option<decimal> _cash = Numbers.Decimal("--cash", 10_000m, "Cash at the start.");
    private readonly Option<decimal> _commission = Numbers.Decimal("--commission-bps", 0m, "Commission on the notional of each side, in basis points.");
    private readonly Option<decimal> _slippage = Numbers.Decimal("--slippage-bps", 0m, "How far the price moves against each order, in basis points.");
    private readonly Option<string> _fill = Choice("--fill", "next-open", "When orders are filled.", "next-open", Close);
    private readonly Option<string> _sizing = Choice("--sizing", "all-in", "How much a position holds.", "all-in", "target", "fixed");
    private readonly Option<decimal?> _size = Numbers.OptionalDecimal("--size", "Units per position, with --sizing fixed.");
    private readonly Option<bool> _wholeUnits = new("--whole-units") { Description = "Quantities are whole numbers." };
    private readonly Option<string> _short = Choice("--short", "off", "Whether negative targets sell short.", On, "off");
    private readonly Option<bool> _closeAtEnd = new("--close-at-end") { Description = "Sell what is open at the last close." };
    private readonly Option<decimal> _leverage = Numbers.Decimal("--leverage", 1m, "How much gross position one unit of equity carries.");
    private readonly Option<double?> _barsPerYear = Numbers.OptionalDouble("--bars-per-year", "Bars per year for annualising; by default from interval and calendar.");
    private readonly Option<string?> _calendar = new("--calendar") { Description = "Trading calendar; by default concluded from the time stamps." };

    public ReplayConditions() => _calendar.AcceptOneOf("crypto", "fx", "us-equity");

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _cash, _commission, _slippage, _fill, _sizing, _size, _wholeUnits, _short, _closeAtEnd, _leverage, _barsPerYear, _calendar }) command.Add(option);
    }

    public ReplayOptions Read(CliRun run) => new()
    {
        Cash = run.Get(_cash),
        CommissionBps = run.Get(_commission),
        SlippageBps = run.Get(_slippage),
        Fill = run.Get(_fill) == Close ? FillAt.Close : FillAt.NextOpen,
        Sizing = run.Get(_sizing) switch { "fixed" => SizingMode.Fixed, "target" => SizingMode.Target, _ => SizingMode.AllIn },
        Size = run.Get(_size),
        WholeUnits = run.Get(_wholeUnits),
        AllowShort = run.Get(_short) == On,
        CloseAtEnd = run.Get(_closeAtEnd),
        Leverage = run.Get(_leverage),
        BarsPerYear = run.Get(_barsPerYear),
        Calendar = TradingCalendars.Parse(run.Get(_calendar)),
    };

    private static Option<string> Choice(string name, string otherwise, string description, params string[] values)
    {
        var option = new Option<string>(name) { Description = description, DefaultValueFactory = _ => otherwise };
        option.AcceptOneOf(values);
        return option;
    }
}
