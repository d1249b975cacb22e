using Qmtl.Standalone;

namespace Qmtl.Cli.Tests;

/// <summary>Backup, restore, verification and retention of an embedded stack's state, from a shell.</summary>
public sealed class StorageTests : IDisposable
{
    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public async Task BackupAndRestore_GiveTheSameStateInAnotherFolder()
    {
        var (state, file, other) = (await StateAsync(), _scratch.File("state.backup"), _scratch.File("restored"));

        var taken = await Command.JsonAsync("storage", "backup", file, "--state", state);
        var checkedFile = await Command.JsonAsync("storage", "verify", "--file", file);
        var restored = await Command.JsonAsync("storage", "restore", file, "--state", other);
        var verified = await Command.JsonAsync("storage", "verify", "--state", other);
        var described = await Command.JsonAsync("world", "describe", "kept", "--state", other);
        var again = await Command.RunAsync("storage", "restore", file, "--state", other);

        var hash = taken.GetProperty("state_hash").GetString();
        Assert.All([checkedFile, restored, verified], answer => Assert.Equal(hash, answer.GetProperty("state_hash").GetString()));
        Assert.True(verified.GetProperty("ok").GetBoolean());
        Assert.Contains(verified.GetProperty("audit").EnumerateArray(), chain => chain.GetProperty("world_id").GetString() == "kept" && chain.GetProperty("entries").GetInt64() == 2);
        Assert.Equal("kept", described.GetProperty("world").GetProperty("id").GetString());
        Assert.Equal(1, again.ExitCode);
        Assert.Contains("not empty", again.Error, StringComparison.Ordinal);
        Assert.Contains("[E_BACKUP_INVALID]", again.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Verify_ChangedBackup_Is1()
    {
        var file = _scratch.File("state.backup");
        Assert.Equal(0, (await Command.RunAsync("storage", "backup", file, "--state", await StateAsync())).ExitCode);
        await File.WriteAllTextAsync(file, (await File.ReadAllTextAsync(file)).Replace("\"kept\"", "\"KEPT\"", StringComparison.Ordinal));

        var ran = await Command.RunAsync("storage", "verify", "--file", file);

        Assert.Equal(1, ran.ExitCode);
        Assert.Contains("changed or damaged", ran.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Retention_WithoutApply_OnlyCounts()
    {
        var ran = await Command.RunAsync("storage", "retention", "--state", await StateAsync());

        Assert.True(ran.ExitCode == 0, ran.Error);
        Assert.Contains("run_revisions", ran.Out, StringComparison.Ordinal);
        Assert.Contains("Nothing was removed", ran.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task NoState_Is1AndMakesNone()
    {
        foreach (var command in new[] { "verify", "retention" })
        {
            var ran = await Command.RunAsync("storage", command, "--state", _scratch.File("nothing"));
            Assert.Equal(1, ran.ExitCode);
            Assert.Contains("holds no state", ran.Error, StringComparison.Ordinal);
        }

        Assert.False(Directory.Exists(_scratch.File("nothing")));
    }

    private async Task<string> StateAsync()
    {
        var state = _scratch.File("state");
        await using var stack = await new EmbeddedStackFactory().StartAsync(state).Within();
        Assert.Equal(0, (await Command.RunAsync("world", "create", "kept", "--gateway", stack.GatewayHttp.ToString())).ExitCode);
        return state;
    }
}
