using System.Globalization;
using Google.Protobuf.Reflection;
using Grpc.Core;
using Qmtl.Identity;
using Qmtl.ServiceDefaults.Authentication;
using Qmtl.Testing;
using Qmtl.V1;
using Qmtl.WorldService.Access;
using Qmtl.WorldService.Tests.Service;

namespace Qmtl.WorldService.Tests.Access;

/// <summary>Who may call what: every rpc, as everyone.</summary>
public sealed class RoleTests
{
    private static readonly IReadOnlyList<MethodDescriptor> Rpcs = [.. V1.WorldService.Descriptor.Methods];

    /// <summary>Callers and the highest role each has in world w.</summary>
    private static readonly (string Roles, WorldRole? Role)[] Callers =
    [
        ("", null), ("v:owner", null), ("ww:owner", null), ("nonsense, w:king, :", null),
        ("w:reader", WorldRole.Reader), ("reader", WorldRole.Reader),
        ("w:operator, v:owner", WorldRole.Operator), ("operator", WorldRole.Operator),
        ("w:owner", WorldRole.Owner), ("OWNER", WorldRole.Owner),
    ];

    [Fact]
    public void Table_NamesEveryRpcOfTheContract() => Assert.Empty(Rpcs.Select(rpc => rpc.Name).Except(RpcRoles.All.Keys, StringComparer.Ordinal));

    [Fact]
    public void Of_AnUnlistedRpc_NeedsTheHighestRole() => Assert.Equal(WorldRole.Owner, RpcRoles.Of("/qmtl.v1.WorldService/Unheard"));

    [Fact]
    public async Task EveryRpc_AsEveryone_IsDeniedExactlyWhereTheTableSays()
    {
        await using var host = await WorldHosts.SqliteAsync();
        var everything = RequestGenerator.Caller("root", "owner");
        var wrong = new List<string>();
        foreach (var rpc in Rpcs)
        {
            foreach (var (roles, role) in Callers)
            {
                await EnsureAsync(host, everything);
                var code = await CodeAsync(host, rpc, RequestGenerator.Caller("someone", roles));

                // What is not served yet has no handler to ask.
                if (code == ReasonCodes.NotImplemented.Code) continue;
                var expected = RpcRoles.All[rpc.Name] is { } needed && (role is null || role < needed);

                // Where a request names no world, what it is about may be unknown before anybody can ask for a role; it must be refused all the same.
                var denied = code == ReasonCodes.PermissionDenied.Code || (expected && code.Length > 0 && rpc.InputType.FindFieldByName("world_id") is null);
                if (expected != denied) wrong.Add(string.Create(CultureInfo.InvariantCulture, $"{rpc.Name} as '{roles}': {(code.Length == 0 ? "done" : code)}"));
            }
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    private static async Task EnsureAsync(WorldHost host, Metadata headers)
    {
        try
        {
            await host.Client.CreateWorldAsync(new CreateWorldRequest { Id = "w" }, headers).ResponseAsync.Within();
        }
        catch (RefusalException refusal) when (refusal.Code == ReasonCodes.WorldExists)
        {
        }
    }

    private static async Task<string> CodeAsync(WorldHost host, MethodDescriptor rpc, Metadata headers)
    {
        try
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
            await RequestGenerator.CallAsync(host.Client, rpc, Request(rpc), headers, limit.Token).Within();
            return "";
        }
        catch (RefusalException refusal)
        {
            // A review may also be denied to who has the role but does not stand among the approvers.
            return refusal.Code == ReasonCodes.PermissionDenied && !refusal.Detail.Contains("needs the role", StringComparison.Ordinal) ? "not an approver" : refusal.Code.Code;
        }
    }

    /// <summary>A request that names the world wherever it can, and is otherwise as it comes: the role is asked for first.</summary>
    private static Google.Protobuf.IMessage Request(MethodDescriptor rpc)
    {
        for (var seed = 0; ; seed++)
        {
            var request = new RequestGenerator(new Random(seed), "w").Next(rpc);
            if (request is PostAllocationsRequest { WorldAllocations.Count: 0 } || (request is GetAllocationsRequest && seed < 50 && ((GetAllocationsRequest)request).WorldId.Length == 0)) continue;
            return request;
        }
    }
}
