using Google.Protobuf;
using Grpc.Core;
using Qmtl.Identity;

namespace Qmtl.ServiceDefaults.Rpc;

/// <summary>Is told of every unary call that its handler refused, whichever way it came, before the caller hears of it. Register any number.</summary>
public interface IRefusedCalls
{
    /// <summary>Takes note. It must not throw: the caller is to hear of the refusal, not of this.</summary>
    /// <param name="method">The rpc's full name, for example <c>/qmtl.v1.WorldService/Apply</c>.</param>
    /// <param name="request">What was asked.</param>
    /// <param name="context">The call.</param>
    /// <param name="refusal">Why it was refused.</param>
    Task NoteAsync(string method, IMessage request, ServerCallContext context, RefusalException refusal);
}

/// <summary>Runs calls and tells of refusals.</summary>
internal static class RefusedCalls
{
    public static async Task<T> ToldAsync<T>(this IEnumerable<IRefusedCalls> listeners, IMessage? request, ServerCallContext context, Func<Task<T>> call)
    {
        try
        {
            return await call().ConfigureAwait(false);
        }
        catch (RefusalException refusal) when (request is not null)
        {
            foreach (var listener in listeners) await listener.NoteAsync(context.Method, request, context, refusal).ConfigureAwait(false);
            throw;
        }
    }
}
