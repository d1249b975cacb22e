using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Qmtl.V1;
using Enum = System.Enum;

namespace Qmtl.WorldService.Tests.Access;

/// <summary>Makes requests of any rpc from its descriptor: known fields get words that mean something in the world under test, the others values of their type.</summary>
internal sealed class RequestGenerator(Random random, string world)
{
    private static readonly string[] Strategies = ["a", "b", "c"];

    private static readonly Dictionary<string, string[]> Words = new(StringComparer.Ordinal)
    {
        ["strategy_id"] = Strategies,
        ["strategies"] = Strategies,
        ["active"] = Strategies,
        ["previous"] = Strategies,
        ["activate"] = Strategies,
        ["deactivate"] = Strategies,
        ["candidates"] = Strategies,
        ["run_id"] = ["r1", "r2", "r3", "latest"],
        ["apply_run_id"] = ["live-1", "live-2"],
        ["target_run_id"] = ["r1", "live-1"],
        ["side"] = ["long", "short"],
        ["effective_mode"] = ["live", "live", "paper", "shadow", "compute-only", "validate", "active"],
        ["stage"] = ["live", "paper", "backtest"],
        ["status"] = ["approved", "rejected", "valid"],
        ["execution_domain"] = ["live", "dryrun", "backtest"],
        ["topic"] = ["activation", "policy"],
        ["src"] = ["domain:backtest", "domain:dryrun"],
        ["dst"] = ["domain:live", "domain:prod", "domain:dryrun"],
        ["node_id"] = ["blake3:" + new string('a', 64)],
        ["state"] = ["ACTIVE", "ACTIVE", "SUSPENDED"],
        ["dataset_fingerprint"] = ["sha256:1", "sha256:2"],
        ["approver"] = ["ann", "bob"],
        ["actor"] = ["ann", "bob"],
        ["share_policy"] = ["feature-artifacts-only"],
        ["risk_tier"] = ["low"],
        ["etag"] = [""],
        ["hash"] = [""],
        ["name"] = ["n"],
        ["policy"] = ["thresholds: {s: {metric: sharpe, min: 0}}"],
    };

    /// <summary>Fields that a sequence leaves alone: who may set them is another question.</summary>
    public ISet<string> LeaveOut { get; } = new HashSet<string>(StringComparer.Ordinal);

    public IMessage Next(MethodDescriptor method)
    {
        var request = Message(method.InputType, depth: 0);
        if (request is CreateWorldRequest create) create.Id = world;
        if (request is CreatePolicyRequest policy) policy.Document = new Google.Api.HttpBody { ContentType = "application/yaml", Data = ByteString.CopyFromUtf8("thresholds: {s: {metric: sharpe, min: 0}}") };
        if (request is PostAllocationsRequest allocations) (allocations.TotalEquity, allocations.Execute) = (1_000, false);
        if (request is PublishSnapshotRequest { Snapshot: { } snapshot }) Shape(snapshot);
        return request;
    }

    /// <summary>Headers of a caller with these roles.</summary>
    public static Metadata Caller(string subject, string roles) => new() { { "x-caller-sub", subject }, { "x-world-roles", roles }, { "x-actor", subject }, { "x-stage", "live" }, { "x-allow-live", "true" } };

    /// <summary>Calls an rpc by its descriptor; a stream is read to its first message.</summary>
    public static async Task CallAsync(V1.WorldService.WorldServiceClient client, MethodDescriptor method, IMessage request, Metadata headers, CancellationToken cancellationToken)
    {
        var call = client.GetType().GetMethod(method.Name + (method.IsServerStreaming ? "" : "Async"), [method.InputType.ClrType, typeof(CallOptions)])!
            .Invoke(client, [request, new CallOptions(headers, cancellationToken: cancellationToken)])!;
        using var disposable = (IDisposable)call;
        if (!method.IsServerStreaming)
        {
            await (Task)call.GetType().GetProperty("ResponseAsync")!.GetValue(call)!;
            return;
        }

        var stream = call.GetType().GetProperty("ResponseStream")!.GetValue(call)!;
        await (Task<bool>)stream.GetType().GetMethod("MoveNext", [typeof(CancellationToken)])!.Invoke(stream, [cancellationToken])!;
    }

    private void Shape(RiskSnapshot snapshot)
    {
        snapshot.WorldId = world;
        snapshot.AsOf = Timestamp.FromDateTimeOffset(new DateTimeOffset(2026, 1, 5, 12, 0, 0, TimeSpan.Zero));
        snapshot.Version = "v" + random.Next(1_000_000).ToString(System.Globalization.CultureInfo.InvariantCulture);
        snapshot.Weights.Clear();
        snapshot.Weights["BTC"] = 1;
        snapshot.Provenance = null;
    }

    private IMessage Message(MessageDescriptor type, int depth)
    {
        var message = (IMessage)Activator.CreateInstance(type.ClrType)!;
        foreach (var field in type.Fields.InDeclarationOrder())
        {
            if (LeaveOut.Contains(field.Name) || (field.ContainingOneof is not null && random.Next(2) == 0)) continue;
            if (field.IsMap) FillMap(message, field, depth);
            else if (field.IsRepeated) FillList(message, field, depth);
            else if (Value(field, depth) is { } value) field.Accessor.SetValue(message, value);
        }

        return message;
    }

    private void FillList(IMessage message, FieldDescriptor field, int depth)
    {
        var list = (System.Collections.IList)field.Accessor.GetValue(message);
        foreach (var _ in Enumerable.Range(0, random.Next(3)))
        {
            if (Value(field, depth) is { } value) list.Add(value);
        }
    }

    private void FillMap(IMessage message, FieldDescriptor field, int depth)
    {
        if (random.Next(3) == 0) return;
        var map = (System.Collections.IDictionary)field.Accessor.GetValue(message);
        var (key, value) = (field.MessageType.FindFieldByNumber(1), field.MessageType.FindFieldByNumber(2));
        if (key.FieldType != FieldType.String) return;
        var name = field.Name.StartsWith("world_", StringComparison.Ordinal) || field.Name.StartsWith("strategy_alloc", StringComparison.Ordinal) ? world : Strategies[random.Next(Strategies.Length)];
        if (Value(value, depth) is { } content) map[name] = content;
    }

    private object? Value(FieldDescriptor field, int depth) => field.FieldType switch
    {
        FieldType.String => Text(field),
        FieldType.Bool => random.Next(3) > 0,
        FieldType.Double => random.Next(0, 101) / 100.0,
        FieldType.Float => random.Next(0, 101) / 100f,
        FieldType.Int32 or FieldType.SInt32 or FieldType.SFixed32 => random.Next(0, 3),
        FieldType.Int64 or FieldType.SInt64 or FieldType.SFixed64 => (long)random.Next(0, 3),
        FieldType.UInt32 or FieldType.Fixed32 => (uint)random.Next(0, 3),
        FieldType.UInt64 or FieldType.Fixed64 => (ulong)random.Next(0, 3),
        FieldType.Bytes => ByteString.Empty,
        FieldType.Enum => Enum.ToObject(field.EnumType.ClrType, 0),
        _ => Nested(field, depth),
    };

    private string Text(FieldDescriptor field)
    {
        if (field.Name is "world_id" or "id" or "world") return world;
        return Words.TryGetValue(field.Name, out var words) ? words[random.Next(words.Length)] : "";
    }

    private object? Nested(FieldDescriptor field, int depth)
    {
        var type = field.MessageType;
        if (type.File.Package == "google.protobuf") return WellKnown(field, type);
        return depth > 3 || random.Next(4) == 0 ? null : Message(type, depth + 1);
    }

    private object? WellKnown(FieldDescriptor field, MessageDescriptor type)
    {
        if (random.Next(4) == 0) return null;
        return type.Name switch
        {
            "StringValue" => Words.ContainsKey(field.Name) ? Text(field) : null,
            "BoolValue" => random.Next(3) > 0,
            "DoubleValue" => random.Next(0, 101) / 100.0,
            "Int32Value" => random.Next(1, 1_000),
            "Timestamp" => Timestamp.FromDateTimeOffset(new DateTimeOffset(2026, 1, 5, 12, 0, 0, TimeSpan.Zero)),
            "Struct" when field.Name == "metrics" || field.ContainingType.Name.EndsWith("Entry", StringComparison.Ordinal) =>
                new Struct { Fields = { ["sharpe"] = Google.Protobuf.WellKnownTypes.Value.ForNumber(random.Next(-1, 4)), ["max_drawdown"] = Google.Protobuf.WellKnownTypes.Value.ForNumber(0.1) } },
            _ => null,
        };
    }
}
