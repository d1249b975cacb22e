using System.Runtime.InteropServices;
using System.Text;
using Google.Protobuf.WellKnownTypes;
using Qmtl.Identity;
using Qmtl.WorldService.Evaluation;
using Qmtl.WorldService.Policies.Selection;

namespace Qmtl.WorldService.Tests.Evaluation;

/// <summary>The short ways through a large request lead where the long ones do.</summary>
public sealed class MetricFlatteningTests
{
    private static readonly string[] Documents =
    [
        """{"sharpe":1.5,"max_drawdown":-0.2,"trades":12}""",
        """{"sharpe":0.5,"max_drawdown":0.1,"trades":7}""",
        """{"trades":7,"sharpe":0.5,"max_drawdown":0.1}""",
        """{"sharpe":0.25,"max_drawdown":null,"trades":3}""",
        """{"sharpe":2,"max_drawdown":{"deep":1},"trades":3}""",
        """{"returns":{"sharpe":1,"own":4},"trades":9}""",
        """{"max_dd":-0.3,"max_drawdown":-0.4,"own":-1}""",
        """{"max_dd":-0.1,"max_drawdown":-0.2,"own":-2}""",
        """{"sharpe":1,"max_drawdown":-0.2,"trades":12,"own":1}""",
        "{}",
    ];

    [Fact]
    public void Flatten_AfterAnyOtherStrategy_IsAsAlone()
    {
        foreach (var before in Documents)
        {
            foreach (var document in Documents)
            {
                var flattener = new MetricFlattener(new MetricNames());
                flattener.Flatten("first", Struct.Parser.ParseJson(before));

                var alone = new MetricFlattener(new MetricNames()).Flatten("s", Struct.Parser.ParseJson(document));
                var after = flattener.Flatten("s", Struct.Parser.ParseJson(document));

                Assert.Equal(alone.ToDictionary(StringComparer.Ordinal), after.ToDictionary(StringComparer.Ordinal));
            }
        }
    }

    [Fact]
    public void Flatten_EqualNames_AreHeldOnce()
    {
        var flattener = new MetricFlattener(new MetricNames());

        var first = flattener.Flatten("a", Struct.Parser.ParseJson(Documents[0]));
        var second = flattener.Flatten("b", Struct.Parser.ParseJson(Documents[1]));

        Assert.Same(first.Schema, second.Schema);
        Assert.Equal(0.2, first["max_dd"]);
        Assert.Equal(0.1, second["max_dd"]);
    }

    [Fact]
    public void Flatten_WrongValueAfterARightOne_NamesThePlace()
    {
        var flattener = new MetricFlattener(new MetricNames());
        flattener.Flatten("a", Struct.Parser.ParseJson(Documents[0]));

        var refusal = Assert.Throws<RefusalException>(() => flattener.Flatten("b", Struct.Parser.ParseJson("""{"sharpe":1.5,"max_drawdown":"deep","trades":12}""")));

        Assert.Equal("/metrics/b/max_drawdown", Assert.Single(refusal.Errors).Pointer);
    }

    [Fact]
    public void AreSame_WhateverTheyAreHeldIn()
    {
        var numbers = new Dictionary<string, double>(StringComparer.Ordinal) { ["b"] = 2, ["a"] = 1 };
        var turned = new Dictionary<string, double>(StringComparer.Ordinal) { ["a"] = 1, ["b"] = 2 };
        var other = new Dictionary<string, double>(StringComparer.Ordinal) { ["a"] = 1, ["b"] = 3 };
        var sets = new MetricSetMaker();

        Assert.True(MetricSet.AreSame(sets.Make(numbers), sets.Make(new Dictionary<string, double>(numbers, StringComparer.Ordinal))));
        Assert.True(MetricSet.AreSame(sets.Make(numbers), new MetricSetMaker().Make(numbers)));
        Assert.True(MetricSet.AreSame(sets.Make(numbers), sets.Make(turned)));
        Assert.True(MetricSet.AreSame(sets.Make(numbers), turned));
        Assert.False(MetricSet.AreSame(sets.Make(numbers), sets.Make(other)));
        Assert.False(MetricSet.AreSame(sets.Make(numbers), MetricSet.Empty));
    }

    [Fact]
    public void ContentHash_IsThatOfItsBytes_HoweverTheyAreGathered()
    {
        string[] texts = ["", "a", new('x', 20_000), "ä" + new string('y', 5_000), "end"];
        var numbers = Enumerable.Range(0, 5_000).Select(i => i * 0.1).ToArray();
        var hasher = new ContentHasher();
        var bytes = new List<byte>();
        foreach (var text in texts)
        {
            hasher.Add(text);
            hasher.Add(1.5);
            hasher.Add(numbers);
            var utf8 = Encoding.UTF8.GetBytes(text);
            bytes.AddRange([.. BitConverter.GetBytes(utf8.Length), .. utf8, .. BitConverter.GetBytes(1), .. BitConverter.GetBytes(1.5)]);
            bytes.AddRange([.. BitConverter.GetBytes(numbers.Length), .. MemoryMarshal.AsBytes(numbers.AsSpan())]);
        }

        Assert.Equal(Blake3.HashHex(bytes.ToArray()), hasher.Finish());
    }
}
