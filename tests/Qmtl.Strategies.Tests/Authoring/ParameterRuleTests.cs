using Qmtl.Identity;

namespace Qmtl.Strategies.Tests;

public sealed class ParameterRuleTests
{
    [Fact]
    public void Require_RuleBroken_GivesTheValuesOfTheParametersItNames()
    {
        var strategy = new Ruled().With(new Dictionary<string, string>(StringComparer.Ordinal) { ["fast"] = "30" });

        var refusal = Assert.Throws<RefusalException>(() => strategy.Compile(Compute.Universe));

        Assert.Equal("ruled: fast must be below slow, was fast=30, slow=20.", refusal.Message);
        Assert.Equal(ReasonCodes.InvalidArgument, refusal.Code);
        Assert.Equal(["/params/fast", "/params/slow"], refusal.Errors.Select(error => error.Pointer));
    }

    [Fact]
    public void Require_RuleKept_Builds() => Assert.Single(new Ruled().Compile(Compute.Universe).Targets);

    [Theory]
    [InlineData("range", "The parameter p needs a range with two plain ends, the smaller one first, such as 2..200.")]
    [InlineData("numbers", "The parameter p needs a range of two finite numbers, the smaller one first.")]
    [InlineData("default", "The parameter p must be a whole number 2..5, was 9.")]
    [InlineData("name", "The parameter \"a=b\" must have a name of letters, digits, \"_\", \"-\" or \".\", because users write name=value.")]
    [InlineData("twice", "Declared: declares the parameter p 2 times; names must differ.")]
    public void Declare_Mistake_SaysWhatIsWrong(string mistake, string message) =>
        Assert.Equal(message, Assert.Throws<RefusalException>(() => new Declared(mistake).Parameters).Message);

    private sealed class Ruled : Strategy
    {
        private readonly Param<int> _fast = Param("fast", 10, 1..100);
        private readonly Param<int> _slow = Param("slow", 20, 1..100);
        private readonly Param<double> _share = Param("share", 1.0, 0.0, 1.0);

        public override string Name => "ruled";

        protected override void Build(StrategyBuilder s)
        {
            Require(_fast < _slow, "fast must be below slow");
            s.Target(s.Price(), _share.Value);
        }
    }

    private sealed class Declared : Strategy
    {
        private readonly Param _first, _second;

        public Declared(string mistake) => (_first, _second) = mistake switch
        {
            "range" => (Param("p", 3, 5..2), Param("q", 1, 1..2)),
            "numbers" => (Param("p", 3.0, 5.0, 2.0), Param("q", 1, 1..2)),
            "default" => (Param("p", 9, 2..5), Param("q", 1, 1..2)),
            "name" => (Param("a=b", 3, 1..5), Param("q", 1, 1..2)),
            _ => ((Param)Param("p", 3, 1..5), (Param)Param("p", 1, 1..2)),
        };

        protected override void Build(StrategyBuilder s) => s.Target(s.Price(), _first.Name.Length + _second.Name.Length);
    }
}
