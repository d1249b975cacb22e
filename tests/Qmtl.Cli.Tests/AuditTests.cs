using System.Text.RegularExpressions;

namespace Qmtl.Cli.Tests;

/// <summary>The audit from a shell: listed, verified at the service, exported and verified without it.</summary>
public sealed partial class AuditTests(StackFixture stack) : IClassFixture<StackFixture>, IDisposable
{
    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public async Task List_NewestFirst_WithFilterAndLimit()
    {
        var world = await WorldAsync();

        var all = await Command.JsonAsync("world", "audit", "list", world, "--gateway", stack.Gateway);
        var one = await Command.JsonAsync("world", "audit", "list", world, "--event", "world_created", "--limit", "1", "--gateway", stack.Gateway);
        var table = await RunAsync("world", "audit", "list", world);

        Assert.Equal(["policy_created", "policy_created", "world_created"], all.GetProperty("entries").EnumerateArray().Select(entry => entry.GetProperty("event").GetString()));
        Assert.Equal($"{world}:1", Assert.Single(one.GetProperty("entries").EnumerateArray()).GetProperty("id").GetString());
        Assert.Contains($"{world}:3", table.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Verify_AtTheService_PrintsTheAnchorAndHoldsItLater()
    {
        var world = await WorldAsync();

        var first = await RunAsync("world", "audit", "verify", world);
        var anchor = Anchor().Match(first.Out).Value;
        Assert.Equal(0, (await RunAsync("world", "policy", "upload", world, "--preset", "moderate")).ExitCode);
        var later = await RunAsync("world", "audit", "verify", world, "--anchor", anchor);
        var wrong = await RunAsync("world", "audit", "verify", world, "--anchor", "2:" + anchor[2..]);

        Assert.Contains($"{world}: 3 entries, all as they were written", first.Out, StringComparison.Ordinal);
        Assert.True(later.ExitCode == 0, later.Out + later.Error);
        Assert.Equal(1, wrong.ExitCode);
        Assert.Contains($"BROKEN at {world}:2: The chain was rewritten", wrong.Out, StringComparison.Ordinal);
        Assert.Equal(2, (await RunAsync("world", "audit", "verify", world, "--anchor", "2:xyz")).ExitCode);
        Assert.Equal(2, (await RunAsync("world", "audit", "verify")).ExitCode);
    }

    [Fact]
    public async Task Export_Verified_WithoutTheService_AndEveryChangedLineIsFound()
    {
        var world = await WorldAsync();
        var file = _scratch.File("audit.jsonl");

        var exported = await RunAsync("world", "audit", "export", world, "--file", file);
        var onScreen = await RunAsync("world", "audit", "export", world);
        var lines = await File.ReadAllLinesAsync(file);

        Assert.True(exported.ExitCode == 0, exported.Error);
        Assert.Equal((3, string.Join('\n', lines)), (lines.Length, onScreen.Out.TrimEnd()));
        var whole = await Command.RunAsync("world", "audit", "verify", "--file", file, "--anchor", Anchor().Match(exported.Error).Value);
        Assert.True(whole.ExitCode == 0, whole.Out + whole.Error);
        var changes = new (string[] Lines, string Reason)[]
        {
            ([lines[0], lines[1].Replace("policy_created", "policy_createD", StringComparison.Ordinal), lines[2]], "changed"),
            ([lines[0].Replace("\"local\"", "\"nobody\"", StringComparison.Ordinal), .. lines[1..]], "changed"),
            ([lines[0], lines[2]], "Entry 2 is missing"),
            ([lines[1], lines[0], lines[2]], "Entry 1 is missing"),
            ([.. lines[..2]], "before the noted entry 3"),
            ([], "no entry"),
        };
        foreach (var (changed, reason) in changes)
        {
            Assert.NotEqual(lines, changed);
            var ran = await Command.RunAsync("world", "audit", "verify", "--file", _scratch.Write("changed.jsonl", string.Join('\n', changed)), "--anchor", Anchor().Match(exported.Error).Value);
            Assert.Equal(1, ran.ExitCode);
            Assert.Contains(reason, ran.Out, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Verify_FileThatIsNoExport_NamesTheLine()
    {
        var ran = await Command.RunAsync("world", "audit", "verify", "--file", _scratch.Write("x.jsonl", "{\"sequence\":1\n"));

        Assert.Equal(1, ran.ExitCode);
        Assert.Contains("Line 1 is no audit entry", ran.Error, StringComparison.Ordinal);
    }

    private async Task<string> WorldAsync()
    {
        var world = "t" + Guid.NewGuid().ToString("N");
        Assert.Equal(0, (await RunAsync("world", "create", world)).ExitCode);
        Assert.Equal(0, (await RunAsync("world", "policy", "upload", world, "--preset", "sandbox")).ExitCode);
        return world;
    }

    private Task<Ran> RunAsync(params string[] args) => Command.RunAsync([.. args, "--gateway", stack.Gateway]);

    [GeneratedRegex("[0-9]+:[0-9a-f]{64}", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Anchor();
}
