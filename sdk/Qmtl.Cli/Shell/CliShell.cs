using System.CommandLine;
using Qmtl.Cli.Options;
using Qmtl.Client;

namespace Qmtl.Cli.Shell;

/// <summary>What all commands share: where they run, and the options that may stand anywhere.</summary>
internal sealed class CliShell(CliHost host)
{
    private const string Json = "json";

    public CliHost Host { get; } = host;

    public Option<string?> Gateway { get; } = new("--gateway")
    {
        Description = $"Address of the Gateway; by default {SubmitOptions.GatewayVariable}, else a stack inside this process.",
        HelpName = "URL",
        Recursive = true,
    };

    public Option<string> State { get; } = new("--state")
    {
        Description = "Where the stack inside this process keeps its state.",
        HelpName = "DIR",
        Recursive = true,
        DefaultValueFactory = _ => ".qmtl",
    };

    public Option<string> Output { get; } = OutputOption();

    public Option<string?> Token { get; } = new("--token") { Description = $"Bearer token for the Gateway; by default {SubmitOptions.TokenVariable}.", HelpName = "TOKEN", Recursive = true };

    public void AddTo(Command root)
    {
        root.Add(Gateway);
        root.Add(State);
        root.Add(Output);
        root.Add(Token);
    }

    /// <summary>Whether one JSON document is wanted. Also answers for a command line that could not be understood.</summary>
    public bool WantsJson(ParseResult parse) => parse.GetResult(Output) is { Errors: var errors } && !errors.Any() && parse.GetValue(Output) == Json;

    /// <summary>The Gateway that was named, or null.</summary>
    public Uri? Address(ParseResult parse)
    {
        var given = parse.GetValue(Gateway);
        var (source, text) = given is { Length: > 0 } ? (Gateway.Name, given) : (SubmitOptions.GatewayVariable, Host.Variable(SubmitOptions.GatewayVariable));
        if (string.IsNullOrWhiteSpace(text)) return null;
        return Uri.TryCreate(text, UriKind.Absolute, out var address) && address.Scheme is "http" or "https"
            ? address
            : throw new UsageException("--gateway", $"{source} must be an address such as http://127.0.0.1:8000, was \"{text}\".");
    }

    private static Option<string> OutputOption()
    {
        var option = new Option<string>("--output") { Description = "How results are printed.", Recursive = true, DefaultValueFactory = _ => "table" };
        option.AcceptOneOf("table", Json);
        return option;
    }
}
