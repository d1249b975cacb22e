using System.CommandLine;
using Qmtl.Cli.Shell;

namespace Qmtl.Cli.Tests;

/// <summary>What holds for every command there is.</summary>
public sealed class CommandTreeTests
{
    public static TheoryData<string> Commands => [.. Leaves(Tree(), []).Select(leaf => string.Join(' ', leaf.Path))];

    [Fact]
    public void Commands_AndTheirOptions_SayWhatTheyDo()
    {
        var all = Leaves(Tree(), []).ToArray();
        Assert.Contains(all, leaf => string.Join(' ', leaf.Path) == "world rebalance-apply");

        Assert.All(all, leaf =>
        {
            Assert.All(
                leaf.Command.Options.Select(option => (option.Name, option.Description)).Concat(leaf.Command.Arguments.Select(argument => (argument.Name, argument.Description))).Append((leaf.Command.Name, leaf.Command.Description)),
                named => Assert.True(named.Description?.EndsWith('.') is true, $"{string.Join(' ', leaf.Path)}, {named.Name}: \"{named.Description}\" is no sentence."));
            Assert.All(
                leaf.Command.Options.Where(option => option.ValueType != typeof(bool)),
                option => Assert.True(option.HelpName is not null || option.GetCompletions(System.CommandLine.Completions.CompletionContext.Empty).Any(), $"{string.Join(' ', leaf.Path)}: the help does not say what {option.Name} takes."));
        });
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task Help_OfEachCommand_Is0(string command)
    {
        var ran = await Command.RunAsync([.. command.Split(' '), "--help"]);

        Assert.Equal((0, ""), (ran.ExitCode, ran.Error));
        Assert.Contains($"qmtl {command}", ran.Out.Replace(AppDomain.CurrentDomain.FriendlyName, "qmtl", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task UnknownOption_OfEachCommand_Is2_OneLineAndOneDocument(string command)
    {
        var ran = await Command.RunAsync([.. command.Split(' '), "--output", "json", "--no-such-option"]);

        Assert.Equal((2, "E_INVALID_ARGUMENT"), (ran.ExitCode, ran.Json.GetProperty("code").GetString()));
        Assert.Contains("has no option --no-such-option", ran.Error, StringComparison.Ordinal);
        Assert.EndsWith($"[E_INVALID_ARGUMENT] (see: qmtl {command} --help)\n", ran.Error, StringComparison.Ordinal);
        Assert.Single(ran.Error.TrimEnd('\n').Split('\n'));
    }

    private static RootCommand Tree() => CliApp.Commands(new CliShell(CliHost.OfThisProcess()));

    private static IEnumerable<(string[] Path, System.CommandLine.Command Command)> Leaves(System.CommandLine.Command command, string[] path) => command.Subcommands.Count == 0
        ? [(path, command)]
        : command.Subcommands.SelectMany(sub => Leaves(sub, [.. path, sub.Name]));
}
