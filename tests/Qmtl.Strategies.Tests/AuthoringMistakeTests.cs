using Qmtl.Identity;

namespace Qmtl.Strategies.Tests;

/// <summary>Every mistake fails while the strategy is built, and the message says where.</summary>
public sealed class AuthoringMistakeTests
{
    [Theory]
    [InlineData("fast", "0", "The parameter fast must be a whole number 1..10000, was 0.")]
    [InlineData("fast", "-5", "The parameter fast must be a whole number 1..10000, was -5.")]
    [InlineData("slow", "ten", "The parameter slow must be a whole number 1..10000, was \"ten\".")]
    [InlineData("slow", "1e3", "The parameter slow must be a whole number 1..10000, was \"1e3\".")]
    [InlineData("entry", "levle", "The parameter entry must be one of level|cross, was \"levle\".")]
    public void With_BadValue_NamesTheParameter(string name, string value, string message)
    {
        var refusal = Assert.Throws<RefusalException>(() => new SmaCross().With(One(name, value)));

        Assert.Equal(message, refusal.Message);
        Assert.Equal(ReasonCodes.InvalidArgument, refusal.Code);
        Assert.Equal("/params/" + name, refusal.Errors.Single().Pointer);
    }

    [Fact]
    public void With_UnknownName_SuggestsTheNearest()
    {
        var refusal = Assert.Throws<RefusalException>(() => new SmaCross().With(One("fsat", "3")));

        Assert.Equal(ReasonCodes.UnknownField, refusal.Code);
        Assert.Equal("sma-cross has no parameter fsat; did you mean fast? It has fast, slow, entry.", refusal.Message);
    }

    [Fact]
    public void Create_UnknownName_SuggestsTheNearest()
    {
        Assert.Contains("did you mean sma-cross?", Assert.Throws<RefusalException>(() => StrategyCatalog.Create("sma-corss")).Message, StringComparison.Ordinal);
        Assert.Contains("There are sma", Assert.Throws<RefusalException>(() => IndicatorCatalog.Create("zzzzzz")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Sma_NegativePeriod_NamesTheNodeAndTheArgument() =>
        AssertRefused("sma(close(X@1m)): period must be a whole number 1..10000, was -3.", p => p.Close.Sma(-3));

    [Fact]
    public void Indexer_Future_IsRefused() =>
        AssertRefused("close(X@1m): [+2] would read the future; use [-2] for the value of 2 bars ago.", p => p.Close[2]);

    [Fact]
    public void Indexer_NextBar_IsOneBar() =>
        AssertRefused("close(X@1m): [+1] would read the future; use [-1] for the value of 1 bar ago.", p => p.Close[1]);

    [Fact]
    public void Param_NegativeEnd_IsGivenAsMinAndMax()
    {
        var strategy = new Shifted();

        strategy.With(One("n", "-5"));

        Assert.Equal(-5, Assert.IsType<Param<int>>(strategy.Parameters[0]).Value);
        Assert.Equal(
            "The parameter n must be a whole number -5..100, was -6.", Assert.Throws<RefusalException>(() => strategy.With(One("n", "-6"))).Message);
    }

    [Fact]
    public void Create_RangeWithANegativeEnd_SaysWhatToWriteInstead()
    {
        var refusal = Assert.Throws<RefusalException>(() => StrategyCatalog.Create(typeof(NegativeRange)));

        Assert.Equal("E_STRATEGY_INVALID", refusal.Code.Code);
        Assert.Matches(
            @"^NegativeRange: its constructor threw ArgumentOutOfRangeException \(AuthoringMistakeTests\.cs, line [0-9]+\): .*System\.Range cannot be negative, write Param\(name, default, min, max\)\.$",
            refusal.Message);
    }

    [Fact]
    public void Create_ConstructorThrows_NamesTheExceptionAndTheLine()
    {
        var refusal = Assert.Throws<RefusalException>(() => StrategyCatalog.Create(typeof(Unmade)));

        Assert.Matches(@"^Unmade: its constructor threw InvalidOperationException \(AuthoringMistakeTests\.cs, line [0-9]+\): not yet$", refusal.Message);
    }

    [Fact]
    public void Build_Throws_NamesTheStrategyAndTheLine()
    {
        var refusal = Assert.Throws<RefusalException>(() => new Thrower().Compile(Compute.Universe));

        Assert.Equal("E_STRATEGY_INVALID", refusal.Code.Code);
        Assert.Matches(@"^Thrower: Build threw InvalidOperationException \(AuthoringMistakeTests\.cs, line [0-9]+\): no such model$", refusal.Message);
    }

    [Fact]
    public void Constants_Alone_AreRefused()
    {
        AssertRefused("add(1, 2): has only constants as inputs; at least one must be a series.", _ => (Series)1.0 + 2.0);
        AssertRefused("constant: must be a finite number; a missing value cannot be written down.", p => p.Close + double.NaN);
    }

    [Fact]
    public void Compute_KernelWithoutNodeCode_IsRefused() =>
        AssertRefused(
            "Unversioned: declares no [NodeCode(name, version)]; add one to class Qmtl.Strategies.Tests.AuthoringMistakeTests+Unversioned, and raise its version when its results change.",
            p => Compute.Builder.Compute(new Unversioned(), p.Close));

    [Fact]
    public void Compute_KernelWithContextParameter_IsRefused()
    {
        var refusal = Assert.Throws<RefusalException>(() => Compute.GraphOf(p => Compute.Builder.Compute(new Seeded(), p.Close)));

        Assert.Contains("seed", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Compute_CustomKernel_IsANodeLikeAnyOther() =>
        Assert.Equal([2, 4], StrategiesOf(p => Compute.Builder.Compute(new Doubled(), p.Close)).Take(2));

    [Theory]
    [InlineData("two targets", "target(X@1m, 0.5): is the second target for X; an instrument has one.")]
    [InlineData("nothing", "Mistaken: builds nothing; call Target or Output.")]
    [InlineData("unknown instrument", "Mistaken: asks for XX, but the data has X; did you mean X?")]
    [InlineData("other interval", "X@30s: cannot be had from bars every 1m; ask for a multiple of 1m, or run on finer data.")]
    [InlineData("constant target", "target(1): is a constant, so the instrument to hold must be named: Target(price, weight).")]
    [InlineData("bad interval", "The parameter interval must be seconds from 1 to 86400, as \"60\", \"60s\", \"1m\", \"4h\" or \"1d\", was \"1w\".")]
    public void Compile_Mistake_SaysWhatIsWrong(string mistake, string message) =>
        Assert.Equal(message, Assert.Throws<RefusalException>(() => new Mistaken(mistake).Compile(Compute.Universe)).Message);

    [Fact]
    public void Bind_UnknownColumn_SuggestsTheNearest()
    {
        var plan = Compute.PlanOf(p => p.Field("clsoe"));

        var refusal = Assert.Throws<RefusalException>(() => ColumnBinding.Bind(plan, [new RandomBars(1, 10)]));

        Assert.Equal("clsoe(X): reads the column clsoe, but X has open, high, low, close, volume; did you mean close?", refusal.Message);
    }

    [Fact]
    public void Create_TypeThatIsNoStrategy_IsRefused()
    {
        Assert.Equal("E_STRATEGY_INVALID", Assert.Throws<RefusalException>(() => StrategyCatalog.Create(typeof(string))).Code.Code);
        Assert.Contains("constructor", Assert.Throws<RefusalException>(() => StrategyCatalog.Create(typeof(Mistaken))).Message, StringComparison.Ordinal);
    }

    private static Dictionary<string, string> One(string name, string value) => new(StringComparer.Ordinal) { [name] = value };

    private sealed class Shifted : Strategy
    {
        private readonly Param<int> _n = Param("n", 10, -5, 100);

        protected override void Build(StrategyBuilder s) => s.Output("n", s.Price().Close + _n.Value);
    }

    private sealed class NegativeRange : Strategy
    {
        private readonly Param<int> _n = Param("n", 10, -5..100);

        protected override void Build(StrategyBuilder s) => s.Output("n", s.Price().Close + _n.Value);
    }

    private sealed class Unmade : Strategy
    {
        public Unmade() => throw new InvalidOperationException("not yet");

        protected override void Build(StrategyBuilder s) => s.Output("close", s.Price().Close);
    }

    private sealed class Thrower : Strategy
    {
        protected override void Build(StrategyBuilder s) => throw new InvalidOperationException("no such model");
    }

    private static void AssertRefused(string message, Func<PriceSeries, Series> expression) =>
        Assert.Equal(message, Assert.Throws<RefusalException>(() => Compute.GraphOf(expression)).Message);

    private static double[] StrategiesOf(Func<PriceSeries, Series> expression)
    {
        var plan = Compute.PlanOf(expression);
        var run = plan.Start(2);
        run.Source(0)[0] = 1;
        run.Source(0)[1] = 2;
        run.Process(2);
        return run.Values(plan.Graph.Outputs[0].Index).ToArray();
    }

    private sealed class Unversioned : Kernel
    {
        public override void Process(Span<double> state, in KernelInputs inputs, Span<double> output) => inputs[0].CopyTo(output);
    }

    [NodeCode("test.seeded", "1")]
    private sealed class Seeded : Kernel
    {
        public override IReadOnlyDictionary<string, object> Parameters { get; } = new Dictionary<string, object>(StringComparer.Ordinal) { ["seed"] = 1 };

        public override void Process(Span<double> state, in KernelInputs inputs, Span<double> output) => inputs[0].CopyTo(output);
    }

    [NodeCode("test.doubled", "1")]
    private sealed class Doubled : Kernel
    {
        public override void Process(Span<double> state, in KernelInputs inputs, Span<double> output)
        {
            for (var i = 0; i < output.Length; i++) output[i] = inputs[0][i] * 2;
        }
    }

    private sealed class Mistaken(string mistake) : Strategy
    {
        protected override void Build(StrategyBuilder s)
        {
            switch (mistake)
            {
                case "two targets":
                    s.Target(s.Price(), 1.0);
                    s.Target(s.Price(), 0.5);
                    break;
                case "unknown instrument":
                    s.Target(s.Price("XX"), 1.0);
                    break;
                case "other interval":
                    s.Target(s.Price("X", "30s"), 1.0);
                    break;
                case "bad interval":
                    s.Target(s.Price("X", "1w"), 1.0);
                    break;
                case "constant target":
                    s.Target(1.0);
                    break;
                default:
                    break;
            }
        }
    }
}
