using System.CommandLine;
using System.Diagnostics;
using Qmtl.Cli.Shell;
using Qmtl.Testing;

namespace Qmtl.Docs.Tests;

/// <summary>Commands that documents show are commands that exist; sessions run as they stand.</summary>
[Collection(nameof(RunningStack))]
public sealed class CommandTests(RunningStack stack)
{
    private const string Tool = "qmtl ";
    private const string LongTool = "dotnet run --project sdk/Qmtl.Cli -- ";
    private const string Address = "http://127.0.0.1:8000/";

    /// <summary>Every command of the tool, with the place it is shown at.</summary>
    public static TheoryData<string, string> Shown
    {
        get
        {
            var shown = new TheoryData<string, string>();
            foreach (var block in Shells())
            {
                foreach (var line in block.Lines.Where(IsTool)) shown.Add(block.ToString(), line);
            }

            return shown;
        }
    }

    [Theory]
    [MemberData(nameof(Shown))]
    public void Command_IsUnderstood(string place, string command)
    {
        var parsed = Tree().Parse(Words(command));

        Assert.True(parsed.Errors.Count == 0, $"{place}: {command}: {string.Join("; ", parsed.Errors.Select(error => error.Message))}");
    }

    [Fact]
    public void CommandsInSentences_Exist()
    {
        var known = Tree().Subcommands.Select(command => command.Name).ToHashSet(StringComparer.Ordinal);

        var named = Documents.All.SelectMany(document => Documents.Spans(document).Where(IsTool).Select(span => (document, span, name: Words(span)[0]))).ToArray();

        Assert.All(named, command => Assert.True(known.Contains(command.name), $"{command.document}: {command.span}"));
    }

    [Fact]
    public void Projects_NamedInCommands_Exist()
    {
        var paths = from block in Shells()
                    from line in block.Lines
                    let words = line.Split(' ')
                    from i in Enumerable.Range(1, words.Length - 1)
                    where words[i - 1] is "--project" || (words[i - 1] is "test" && words[i].StartsWith("tests/", StringComparison.Ordinal))
                    select (Place: block.ToString(), Path: words[i]);

        Assert.All(paths, named => Assert.True(Directory.Exists(Path.Combine(Documents.Root, named.Path)), $"{named.Place} names {named.Path}"));
    }

    [ShellFact]
    public async Task Sessions_RunAsTheyStand()
    {
        var sessions = Shells().Where(block => block.Runs).ToArray();
        Assert.True(sessions.Length >= 2);

        foreach (var session in sessions) await RunAsync(session);
    }

    private async Task RunAsync(Block session)
    {
        var folder = Directory.CreateTempSubdirectory("qmtl-session-");
        try
        {
            Directory.CreateSymbolicLink(Path.Combine(folder.FullName, "samples"), Path.Combine(Documents.Root, "samples"));
            var script = $$"""
                set -e
                qmtl() { dotnet "{{Path.Combine(AppContext.BaseDirectory, "Qmtl.Cli.dll")}}" "$@"; }
                curl() { command curl --fail-with-body -sS "$@"; }
                {{session.Text.Replace(Address, stack.Http.BaseAddress!.ToString(), StringComparison.Ordinal)}}
                """;
            var start = new ProcessStartInfo("/bin/sh", ["-c", script]) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false, WorkingDirectory = folder.FullName };
            start.Environment.Remove("QMTL_GATEWAY");
            using var process = Process.Start(start)!;
            var output = process.StandardOutput.ReadToEndAsync();
            var errors = process.StandardError.ReadToEndAsync();
            await process.WaitForExitAsync().Within(120);
            Assert.True(process.ExitCode == 0, $"{session} ended with {process.ExitCode}:\n{await output.Within()}\n{await errors.Within()}");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static RootCommand Tree() => CliApp.Commands(new CliShell(CliHost.OfThisProcess()));

    private static IEnumerable<Block> Shells() => Documents.Blocks(Documents.All, "sh", "bash", "");

    private static bool IsTool(string line) => line.StartsWith(Tool, StringComparison.Ordinal) || line.StartsWith(LongTool, StringComparison.Ordinal);

    /// <summary>The arguments of a shown command. None of them needs quotes, and nothing is piped on; what to do on failure and a remark may follow.</summary>
    private static string[] Words(string command) =>
        command[(command.StartsWith(Tool, StringComparison.Ordinal) ? Tool : LongTool).Length..].Split(" #")[0].Split(" || ")[0].Split(' ', StringSplitOptions.RemoveEmptyEntries);
}

/// <summary>A fact that runs a session in a shell.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ShellFactAttribute : FactAttribute
{
    public ShellFactAttribute()
    {
        if (!File.Exists("/bin/sh") || Machine.OnPath("curl") is null) Skip = "needs /bin/sh and curl";
    }
}
