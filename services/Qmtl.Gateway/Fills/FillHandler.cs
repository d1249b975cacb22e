using System.Reflection;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Qmtl.Gateway.Tokens;
using Qmtl.Identity;
using Qmtl.Protos;
using Qmtl.ServiceDefaults.Authentication;
using Qmtl.Storage;
using Qmtl.V1;

namespace Qmtl.Gateway.Fills;

/// <summary>Takes fills in, gives out the tokens for it, and reads fills again.</summary>
internal sealed class FillHandler(IDatabase database, EventTokens tokens, KnownStrategies known, FillOptions options, FillMetrics metrics, TimeProvider time)
{
    private const int DefaultPage = 100;
    private const int LargestPage = 1000;
    private const string Bearer = "Bearer ";

    // Which build wrote a record: what a reader needs to tell why two differ.
    private static readonly string Fingerprint = $"{typeof(FillHandler).Assembly.GetName().Name}/{typeof(FillHandler).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0"}";

    /// <summary>Takes one fill in. The credential comes first: who has none learns nothing, not even what is wrong with the body.</summary>
    public async Task<PostFillResponse> PostAsync(PostFillRequest request, ServerCallContext context)
    {
        var (worldId, strategyId, body) = ("", "", request.Event?.Data.Memory ?? default);
        try
        {
            var sender = await AuthenticateAsync(context.RequestHeaders, body);
            var read = FillReader.Read(body, sender.WorldId, sender.StrategyId);
            await known.EnsureAsync(read.Fill.WorldId, read.Fill.StrategyId, context.CancellationToken);
            (worldId, strategyId) = (read.Fill.WorldId, read.Fill.StrategyId);
            // Not cancellable: a sender that hangs up here would leave it open whether the fill is kept.
            var isNew = await database.WriteAsync(unit => KeepAsync(unit, sender, read), CancellationToken.None);
            if (isNew) metrics.Accepted(worldId, strategyId);
            else metrics.Duplicate(worldId, strategyId);
            return new PostFillResponse { Status = isNew ? "accepted" : "duplicate", OrderId = read.Fill.OrderId };
        }
        catch (RefusalException refusal)
        {
            metrics.Rejected(worldId, strategyId, refusal.Code);
            throw;
        }
    }

    /// <summary>A token for the fills of one strategy, for an operator of its world.</summary>
    public async Task<FillToken> CreateTokenAsync(FillTokenRequest request, ServerCallContext context)
    {
        if (request.WorldId.Length == 0 || request.StrategyId.Length == 0) throw new RefusalException(ReasonCodes.MissingIds, "A token for fills names its world_id and strategy_id.");
        var caller = context.Caller();
        caller.Require(request.WorldId, WorldRole.Operator);
        await known.EnsureAsync(request.WorldId, request.StrategyId, context.CancellationToken);
        var issued = tokens.Issue(new TokenGrant(TokenAudiences.Fills, caller.Subject, request.WorldId, request.StrategyId, []));
        return new FillToken { Token = issued.Text, ExpiresAt = Timestamp.FromDateTimeOffset(issued.ExpiresAt) };
    }

    /// <summary>Fills of a world, oldest first, for a reader of it.</summary>
    public async Task<ReplayFillsResponse> ReplayAsync(ReplayFillsRequest request, ServerCallContext context)
    {
        var limit = request.Limit == 0 ? DefaultPage : request.Limit;
        var errors = new List<FieldError>();
        if (request.WorldId.Length == 0) errors.Add(new FieldError("/world_id", "is missing"));
        if (limit is < 1 or > LargestPage) errors.Add(new FieldError("/limit", $"must be 1 to {LargestPage}, was {limit}"));
        if (request.After < 0) errors.Add(new FieldError("/after", "must be 0 or the offset of a fill"));
        if (errors.Count > 0) throw new RefusalException(ReasonCodes.InvalidArgument, "The replay request has fields out of range.", errors);
        context.Caller().Require(request.WorldId, WorldRole.Reader);

        var query = new FillQuery(request.WorldId, request.StrategyId, request.After, request.Since?.ToDateTimeOffset() ?? DateTimeOffset.UnixEpoch, limit + 1);
        var found = await database.ReadAsync(session => FillStore.ListAsync(session, query), context.CancellationToken);
        var response = new ReplayFillsResponse { More = found.Count > limit, NextAfter = request.After };
        foreach (var stored in found.Take(limit))
        {
            response.Fills.Add(new FillRecord { Offset = stored.FillOffset, ReceivedAt = Timestamp.FromDateTimeOffset(stored.ReceivedAt), Fill = ProtoJson.Read<ExecutionFill>(stored.FillJson) });
            response.NextAfter = stored.FillOffset;
        }

        return response;
    }

    private async Task<bool> KeepAsync(IUnitOfWork unit, Sender sender, ReadFill read)
    {
        // Twice the age: the sender's clock may be ahead by as much as it may be behind.
        if (sender.Nonce.Length > 0 && !await FillStore.TryUseNonceAsync(unit, sender.Nonce, 2 * options.SignatureAge))
            throw new RefusalException(ReasonCodes.Auth, "This request was served before; sign a repetition with a nonce and time of its own.");
        return await FillStore.AppendAsync(unit, read, Fingerprint);
    }

    private async Task<Sender> AuthenticateAsync(Metadata headers, ReadOnlyMemory<byte> body)
    {
        string Header(string name) => headers.GetValue(name)?.Trim() ?? "";
        if (Header("authorization") is var authorization && authorization.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase))
        {
            var token = await tokens.ValidateAsync(authorization[Bearer.Length..].Trim(), TokenAudiences.Fills);
            if (token.Grant.WorldId.Length == 0) throw new RefusalException(ReasonCodes.MissingIds, "The token names no world.");
            return new Sender(token.Grant.WorldId, token.Grant.StrategyId, "");
        }

        if (Header("x-signature").Length == 0) throw new RefusalException(ReasonCodes.Auth, "Send a token for fills (POST /fills/token) as Authorization: Bearer <token>, or sign the request (X-Signature).");
        var signed = new SignedHeaders(Header("x-signature"), Header("x-timestamp"), Header("x-nonce"), Header("x-world-id"), Header("x-strategy-id"));
        FillSignature.Check(signed, body.Span, options, time.GetUtcNow());
        return new Sender(signed.WorldId, signed.StrategyId, signed.Nonce);
    }

    /// <summary>Who sends a fill, and of what.</summary>
    private sealed record Sender(string WorldId, string StrategyId, string Nonce);
}
