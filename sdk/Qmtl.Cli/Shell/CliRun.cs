using System.CommandLine;
using System.Text.Json.Nodes;
using Google.Protobuf;
using Qmtl.Client;

namespace Qmtl.Cli.Shell;

/// <summary>One run of one command.</summary>
internal sealed class CliRun(CliShell shell, ParseResult parse)
{
    // A person waits longer than a program for a Gateway that is busy.
    private static readonly TimeSpan ReadLimit = TimeSpan.FromSeconds(10);

    public CliHost Host => shell.Host;

    public ParseResult Parse => parse;

    public bool Json { get; } = shell.WantsJson(parse);

    public string StateDirectory => parse.GetValue(shell.State)!;

    public string? Token => parse.GetValue(shell.Token) is { Length: > 0 } given ? given : Host.Variable(SubmitOptions.TokenVariable);

    public Uri? GatewayAddress => shell.Address(parse);

    public T? Get<T>(Option<T> option) => parse.GetValue(option);

    public T Get<T>(Argument<T> argument) => parse.GetRequiredValue(argument);

    /// <summary>Connects to the Gateway that was named, or starts the stack in this process.</summary>
    public async Task<GatewaySession> OpenGatewayAsync(CancellationToken cancellationToken)
    {
        if (GatewayAddress is { } address) return new GatewaySession(new GatewayClient(address, Token) { ReadLimit = ReadLimit }, stack: null);
        var stack = await Host.Embedded.StartAsync(StateDirectory, cancellationToken);
        return new GatewaySession(new GatewayClient(stack.GatewayHttp, Token) { ReadLimit = ReadLimit }, stack);
    }

    /// <summary>Prints a result as a document or, for people, in whatever way <paramref name="table"/> draws it.</summary>
    /// <param name="document">The document.</param>
    /// <param name="table">Draws it.</param>
    /// <param name="beside">Whether the standard output already holds something else: people then read the table on the other stream.</param>
    public void Print(Func<JsonNode> document, Action<Screen> table, bool beside = false)
    {
        if (Json) Host.Out.WriteLine(JsonText.Write(document()));
        else table(new Screen(beside ? Host with { Out = Host.Error, OutIsTerminal = Host.ErrorIsTerminal } : Host));
    }

    /// <summary>Prints a message of the contract.</summary>
    public void Print(IMessage message, Action<Screen> table) => Print(() => JsonText.Of(message)!, table);

    /// <summary>Does something long; a terminal shows that it goes on.</summary>
    public Task<T> WaitForAsync<T>(string what, Func<Task<T>> work) => Host.ErrorIsTerminal ? Screen.SpinAsync(Host.Error, what, work) : work();
}

/// <summary>A Gateway for the length of a command.</summary>
internal sealed class GatewaySession(GatewayClient client, IEmbeddedStack? stack) : IAsyncDisposable
{
    public GatewayClient Client { get; } = client;

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        if (stack is not null) await stack.DisposeAsync();
    }
}
