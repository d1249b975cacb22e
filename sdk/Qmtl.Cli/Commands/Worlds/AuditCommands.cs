using System.CommandLine;
using System.Globalization;
using System.Text;
using Google.Protobuf.Collections;
using Qmtl.Cli.Options;
using Qmtl.Cli.Shell;
using Qmtl.Client;
using Qmtl.Identity;
using Qmtl.Protos;
using Qmtl.V1;

namespace Qmtl.Cli.Commands.Worlds;

/// <summary>What was done to a world, newest first.</summary>
internal sealed class ListAuditCommand : CliCommand
{
    private const int PageSize = 500;
    private readonly Argument<string> _world = WorldCommands.World();
    private readonly Option<int> _limit = Numbers.Whole("--limit", 20, "How many entries at most.");
    private readonly Option<string> _event = new("--event") { Description = "Only this event.", HelpName = "NAME", DefaultValueFactory = _ => "" };
    private readonly Option<string> _actor = new("--actor") { Description = "Only this actor.", HelpName = "WHO", DefaultValueFactory = _ => "" };

    public ListAuditCommand(CliShell shell)
        : base(shell, "list", "List what was done to a world, newest first.")
    {
        Add(_world);
        foreach (var option in new Option[] { _limit, _event, _actor }) Add(option);
    }

    protected override async Task<int> RunAsync(CliRun run, CancellationToken cancellationToken)
    {
        var limit = run.Get(_limit);
        if (limit < 1) throw new UsageException(_limit.Name, $"{_limit.Name} must be at least 1, was {Screen.Whole(limit)}.");
        var filter = $"event={Uri.EscapeDataString(run.Get(_event)!)}&actor={Uri.EscapeDataString(run.Get(_actor)!)}";
        await using var session = await run.OpenGatewayAsync(cancellationToken);
        var entries = new RepeatedField<AuditEntry>();
        for (var token = ""; entries.Count < limit;)
        {
            var take = Math.Min(PageSize, limit - entries.Count).ToString(CultureInfo.InvariantCulture);
            var page = await session.Client.GetAsync<ListAuditResponse>($"{WorldCommands.PathOf(run.Get(_world))}/audit?limit={take}&{filter}&page_token={Uri.EscapeDataString(token)}", cancellationToken);
            entries.AddRange(page.Entries);
            token = page.NextPageToken;
            if (token.Length == 0) break;
        }

        run.Print(new ListAuditResponse { Entries = { entries } }, screen => screen.Table(
            ["entry", "when", "who", "what", "stage", "refused", "correlation"],
            entries.Select(entry => (IReadOnlyList<string>)[entry.Id, entry.Ts.ToDateTimeOffset().ToString("u"), entry.Actor, entry.Event, entry.Stage, Refusal(entry), entry.CorrelationId])));
        return ExitCodes.Done;
    }

    /// <summary>What was asked for and why it was refused; empty for what was done.</summary>
    private static string Refusal(AuditEntry entry) =>
        entry.Event is "refused" ? $"{Text(entry.Request, "rpc")}: {Text(entry.Result, "code")}" : "";

    private static string Text(Google.Protobuf.WellKnownTypes.Struct? fields, string name) => fields?.Fields.GetValueOrDefault(name)?.StringValue ?? "";
}

/// <summary>Whether the audit of a world is whole: at the service, or in a file that was exported.</summary>
internal sealed class VerifyAuditCommand : CliCommand
{
    private readonly Argument<string?> _world = new("WORLD") { Description = "The world's id; left out with --file.", Arity = ArgumentArity.ZeroOrOne };
    private readonly Option<string?> _file = new("--file") { Description = "An exported file to verify, without asking the service; - reads the standard input.", HelpName = "FILE" };
    private readonly Option<string?> _anchor = new("--anchor") { Description = "A place that an earlier export or verification printed; the chain must still hold it.", HelpName = "N:HASH" };

    public VerifyAuditCommand(CliShell shell)
        : base(shell, "verify", "Recompute the hash chain over a world's audit.")
    {
        Add(_world);
        Add(_file);
        Add(_anchor);
    }

    protected override async Task<int> RunAsync(CliRun run, CancellationToken cancellationToken)
    {
        var (world, file) = (run.Parse.GetValue(_world), run.Get(_file));
        if (world is null == file is null) throw new UsageException("world", "Give WORLD to verify at the service, or --file FILE to verify an export.");
        var anchor = run.Get(_anchor) is not { } text ? null
            : AuditAnchor.Parse(text) ?? throw new UsageException(_anchor.Name, $"{_anchor.Name} must be a sequence and 64 hex digits, \"12:ab...\", was \"{text}\".");
        var verification = file is null ? await AskAsync(run, world!, anchor, cancellationToken) : AuditFile.Verify(await TextFile.ReadAsync(run.Host, file, cancellationToken), anchor);
        run.Print(verification, screen => Draw(screen, verification));
        return verification.Ok ? ExitCodes.Done : ExitCodes.Failed;
    }

    private static async Task<AuditVerification> AskAsync(CliRun run, string world, AuditAnchor? anchor, CancellationToken cancellationToken)
    {
        await using var session = await run.OpenGatewayAsync(cancellationToken);
        var query = anchor is null ? "" : string.Create(CultureInfo.InvariantCulture, $"?anchor_sequence={anchor.Sequence}&anchor_hash={anchor.Hash}");
        return await session.Client.GetAsync<AuditVerification>($"{WorldCommands.PathOf(world)}/audit/verify{query}", cancellationToken);
    }

    private static void Draw(Screen screen, AuditVerification verification)
    {
        screen.Line(verification.Ok
            ? $"{verification.WorldId}: {Screen.Whole(verification.Entries)} entries, all as they were written"
            : $"{verification.WorldId}: BROKEN at {verification.BrokenEntry}: {verification.Reason}");
        screen.Fields(("anchor", verification.Entries == 0 ? null : $"{Screen.Whole(verification.Entries)}:{verification.HeadHash}"));
    }
}

/// <summary>The audit of a world as lines of JSON, each with everything that its hash covers.</summary>
internal sealed class ExportAuditCommand : CliCommand
{
    private const int PageSize = 1_000;
    private readonly Argument<string> _world = WorldCommands.World();
    private readonly Option<string?> _file = new("--file") { Description = "Where to write it; by default the standard output.", HelpName = "FILE" };

    public ExportAuditCommand(CliShell shell)
        : base(shell, "export", "Export a world's audit as lines of JSON that anyone can verify.")
    {
        Add(_world);
        Add(_file);
    }

    protected override async Task<int> RunAsync(CliRun run, CancellationToken cancellationToken)
    {
        await using var session = await run.OpenGatewayAsync(cancellationToken);
        var path = run.Get(_file);
        await using var kept = new KeptFiles(run.Host.Out);
        kept.Add(_file.Name, path);
        var writer = kept.Text(_file.Name)!;
        var last = new AuditLink();
        await foreach (var link in LinksAsync(session.Client, run.Get(_world), cancellationToken))
        {
            await writer.WriteLineAsync(ProtoJson.Write(link).AsMemory(), cancellationToken);
            last = link;
        }

        kept.Keep();
        if (path is not null) await run.Host.Error.WriteLineAsync($"{Screen.Whole(last.Sequence)} entries; note the anchor {Screen.Whole(last.Sequence)}:{last.Hash}".AsMemory(), cancellationToken);
        return ExitCodes.Done;
    }

    private static async IAsyncEnumerable<AuditLink> LinksAsync(GatewayClient gateway, string world, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (var after = 0L; ;)
        {
            var page = await gateway.GetAsync<ExportAuditResponse>(string.Create(CultureInfo.InvariantCulture, $"{WorldCommands.PathOf(world)}/audit/export?after={after}&limit={PageSize}"), cancellationToken);
            foreach (var link in page.Entries) yield return link;
            if (!page.More) yield break;
            after = page.Entries[^1].Sequence;
        }
    }
}

/// <summary>Exported audits.</summary>
internal static class AuditFile
{
    /// <summary>Checks an export from its first line to its last.</summary>
    public static AuditVerification Verify(string text, AuditAnchor? anchor)
    {
        var check = new AuditChainCheck(anchor);
        var world = "";
        string? problem = null;
        var number = 0;
        foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var link = Read(line, ++number);
            if (number == 1) world = link.WorldId ?? "";
            problem = string.Equals(link.WorldId ?? "", world, StringComparison.Ordinal) ? Add(check, link) : $"The entry belongs to '{link.WorldId}', the others to '{world}'.";
            if (problem is not null) break;
        }

        problem ??= number == 0 ? "The file holds no entry." : check.End();
        return new AuditVerification
        {
            WorldId = world,
            Ok = problem is null,
            Entries = check.Entries,
            HeadHash = check.HeadHex,
            BrokenEntry = problem is null ? "" : string.Create(CultureInfo.InvariantCulture, $"{world}:{check.Entries + 1}"),
            Reason = problem ?? "",
        };
    }

    private static string? Add(AuditChainCheck check, AuditLink link)
    {
        if (!long.TryParse(link.AtNs, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var at) || Hex(link.PreviousHash) is not { } previous || Hex(link.Hash) is not { } hash)
            return "The entry's time or hashes are not readable.";
        return check.Add(link.Sequence, at, [Bytes(link.WorldId), Bytes(link.Actor), Bytes(link.Event), Bytes(link.Stage), Bytes(link.CorrelationId), Bytes(link.Request), Bytes(link.Result)], previous, hash);
    }

    private static AuditLink Read(string line, int number)
    {
        try
        {
            return ProtoJson.Read<AuditLink>(line);
        }
        catch (Exception problem) when (problem is ProtoJsonException or System.Text.Json.JsonException)
        {
            throw RefusalException.At(ReasonCodes.InvalidArgument, "/file", $"Line {Screen.Whole(number)} is no audit entry: {problem.Message}");
        }
    }

    private static byte[]? Bytes(string? text) => text is null ? null : Encoding.UTF8.GetBytes(text);

    private static byte[]? Hex(string text)
    {
        try
        {
            return Convert.FromHexString(text);
        }
        catch (FormatException)
        {
            return null;
        }
    }
}
