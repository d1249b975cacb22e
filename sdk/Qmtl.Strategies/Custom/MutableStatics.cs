using System.Reflection;
using System.Reflection.Emit;

namespace Qmtl.Strategies;

/// <summary>Finds the static fields that a method touches and that are neither const nor readonly.</summary>
internal static class MutableStatics
{
    private static readonly Dictionary<short, OpCode> Codes = typeof(OpCodes).GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(field => (OpCode)field.GetValue(null)!).ToDictionary(code => code.Value);

    public static IEnumerable<FieldInfo> ReadBy(MethodInfo method)
    {
        var body = method.GetMethodBody()?.GetILAsByteArray() ?? [];
        for (var at = 0; at < body.Length;)
        {
            var code = CodeAt(body, ref at);
            if ((code == OpCodes.Ldsfld || code == OpCodes.Ldsflda || code == OpCodes.Stsfld) && FieldOf(method, BitConverter.ToInt32(body, at)) is { } field) yield return field;
            at += OperandLength(code, body, at);
        }
    }

    private static OpCode CodeAt(byte[] body, ref int at)
    {
        const byte TwoBytes = 0xFE;
        var first = body[at++];
        return first == TwoBytes ? Codes[(short)((TwoBytes << 8) | body[at++])] : Codes[first];
    }

    private static FieldInfo? FieldOf(MethodInfo method, int token)
    {
        var field = method.Module.ResolveField(token, method.DeclaringType?.GetGenericArguments(), method.GetGenericArguments());
        // The compiler caches delegates of inner lambdas in fields of its own; those are no state.
        return field is null || field.IsInitOnly || field.IsLiteral || field.Name.StartsWith('<') ? null : field;
    }

    private static int OperandLength(OpCode code, byte[] body, int at) => code.OperandType switch
    {
        OperandType.InlineNone => 0,
        OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
        OperandType.InlineVar => 2,
        OperandType.InlineI8 or OperandType.InlineR => 8,
        OperandType.InlineSwitch => 4 + (4 * BitConverter.ToInt32(body, at)),
        _ => 4,
    };
}
