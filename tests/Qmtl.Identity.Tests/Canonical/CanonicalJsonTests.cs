using System.Text;
using System.Text.Json;

namespace Qmtl.Identity.Tests;

public sealed class CanonicalJsonTests
{
    [Theory]
    [InlineData("""{"b":1,"a":[true,false,null],"":{}}""", """{"":{},"a":[true,false,null],"b":1}""")]
    [InlineData("""{"x":-0,"y":-0.0,"z":1E2,"w":123456789012345678901234567890}""", """{"w":123456789012345678901234567890,"x":0,"y":0.0,"z":100.0}""")]
    [InlineData("""["\u00e9\u007f\u0001\n\t\"\\\/"]""", "[\"é\u007f\\u0001\\n\\t\\\"\\\\/\"]")]
    [InlineData("""{"\ud83d\ude00":1,"\uffff":2,"a":3}""", "{\"a\":3,\"\uffff\":2,\"😀\":1}")]
    public void Write_Document_IsCanonical(string json, string expected) => Assert.Equal(expected, CanonicalJson.Write(Read(json)));

    [Fact]
    public void WriteAscii_TextOutsideAscii_IsEscaped() =>
        Assert.Equal("""{"\u00e9":"\ud83d\ude00\u007f~"}""", CanonicalJson.WriteAscii(CanonicalValue.Map(("é", CanonicalValue.Of("😀\u007f~")))));

    [PythonFact]
    public async Task Write_AwkwardDocument_EqualsPythonsJson()
    {
        const string Json = """{"z":[1.0,1e-7,1E+22,0.1,-3,12345678901234567890],"é\u2028\u0000":"\u001f\b\f\r\u0080\ud83d\ude00","\ud83d\ude00":1,"\uf8ff":{"b":[],"a":{}},"A":"</script>&'+"}""";
        const string Script = "import json,sys\nd=json.load(sys.stdin)\nfor e in (False,True): sys.stdout.buffer.write((json.dumps(d,sort_keys=True,separators=(',',':'),ensure_ascii=e)+chr(10)).encode())";
        var lines = (await PythonFactAttribute.RunAsync(Script, Json)).Split('\n');

        Assert.Equal(lines[0], CanonicalJson.Write(Read(Json)));
        Assert.Equal(lines[1], CanonicalJson.WriteAscii(Read(Json)));
    }

    [Theory]
    [InlineData("""{"a":{"b":[1,1e999]}}""", "/a/b/1")]
    [InlineData("""{"a/b":{"~":"\ud800"}}""", "/a~1b/~0")]
    public void Read_ValueWithoutCanonicalForm_IsRefusedAtItsPointer(string json, string pointer)
    {
        using var document = JsonDocument.Parse(json);
        var refusal = Assert.Throws<RefusalException>(() => CanonicalJson.Read(document.RootElement));
        Assert.Equal(pointer, Assert.Single(refusal.Errors).Pointer);
    }

    [Theory]
    [InlineData("""{"a":1,"a":2}""")]
    [InlineData("""{"a":1,}""")]
    [InlineData("{\"a\":\n NaN}")]
    [InlineData("")]
    public void Parse_NotStrictJson_IsRefused(string text)
    {
        var refusal = Assert.Throws<RefusalException>(() => CanonicalJson.Parse(Encoding.UTF8.GetBytes(text)));
        Assert.Equal("E_INVALID_JSON", refusal.Code.Code);
    }

    [Fact]
    public void Parse_BrokenDocument_NamesLineAndByteFromOne()
    {
        var refusal = Assert.Throws<RefusalException>(() => CanonicalJson.Parse("{\"a\":\n NaN}"u8.ToArray()));
        Assert.Contains("line 2, byte 2", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void From_AuthoredParameters_AreCanonical()
    {
        var value = CanonicalObject.From(new Dictionary<string, object?>
        {
            ["set"] = new HashSet<string> { "b", "a" },
            ["numbers"] = new object?[] { 1, 1L, 1.0, 1f, 0.5m, (Half)2, ulong.MaxValue, null, true },
            ["bytes"] = "é"u8.ToArray(),
            ["nested"] = new SortedDictionary<int, string> { [2] = "x" },
            ["mode"] = CanonicalKind.List,
        });
        Assert.Equal("""{"bytes":"é","mode":"List","nested":{"2":"x"},"numbers":[1,1,1.0,1.0,0.5,2.0,18446744073709551615,null,true],"set":["a","b"]}""", value.ToString());
    }

    [Fact]
    public void From_NoCanonicalForm_IsRefusedAtItsPointer()
    {
        Assert.Equal("/a/1", Refused(new Dictionary<string, object?> { ["a"] = new[] { 1, double.NaN } }));
        Assert.Equal("/a", Refused(new Dictionary<string, object?> { ["a"] = new object() }));
        Assert.Equal("/1", Refused(new Dictionary<object, object?> { ["1"] = 1, [1] = 2 }));

        static string Refused(object value) => Assert.Single(Assert.Throws<RefusalException>(() => CanonicalObject.From(value)).Errors).Pointer;
    }

    [Fact]
    public void ContextKeys_AuthoredParameters_AreRefusedEachByPointer()
    {
        var refusal = Assert.Throws<RefusalException>(() => ContextKeys.Refuse(Read("""{"window":3,"Seed":1,"a":[{"ENV_x":2}],"domains":[]}""")));
        Assert.Equal(["/params/Seed", "/params/a/0/ENV_x", "/params/domains"], refusal.Errors.Select(error => error.Pointer));
        ContextKeys.Refuse(Read("""{"window":3,"environment":"x","worlds":1}"""));
    }

    [Theory]
    // Characters whose upper case is an ASCII letter are not that letter.
    [InlineData("ſeed", false)]
    [InlineData("SEED", true)]
    [InlineData("env", true)]
    [InlineData("Env_Home", true)]
    [InlineData("envelope", false)]
    public void IsContext_Key_IsJudgedByItsLowerCase(string key, bool expected) => Assert.Equal(expected, ContextKeys.IsContext(key));

    [Fact]
    public void Equality_OfValues_IsThatOfTheirText()
    {
        Assert.Equal(Read("""{"a":1,"b":2}"""), Read("""{"b":2,"a":1}"""));
        Assert.NotEqual(Read("1"), Read("1.0"));
        Assert.NotEqual(Read("\"1\""), Read("1"));
        Assert.Equal(Read("[1,{}]").GetHashCode(), Read("[1, {} ]").GetHashCode());
    }

    private static CanonicalValue Read(string json)
    {
        using var document = JsonDocument.Parse(json);
        return CanonicalJson.Read(document.RootElement);
    }
}
