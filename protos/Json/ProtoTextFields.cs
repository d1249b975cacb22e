using System.Collections;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Qmtl.Protos;

/// <summary>Sets fields from path segments and query parameters.</summary>
internal static class ProtoTextFields
{
    public static ProtoJsonError? Set(IMessage message, string path, string text)
    {
        var pointer = "/" + path.Replace('.', '/');
        var names = path.Split('.');
        foreach (var name in names.SkipLast(1))
        {
            if (ProtoTypes.Find(message.Descriptor, name) is not { IsRepeated: false, IsMap: false, FieldType: FieldType.Message } parent || ProtoTypes.IsWrapper(parent.MessageType))
                return new ProtoJsonError(pointer, ProtoTypes.UnknownField(message.Descriptor, name), IsUnknownField: true);
            message = Child(message, parent);
        }

        if (ProtoTypes.Find(message.Descriptor, names[^1]) is not { IsMap: false } field)
            return new ProtoJsonError(pointer, ProtoTypes.UnknownField(message.Descriptor, names[^1]), IsUnknownField: true);
        if (ProtoScalars.FromText(field, text) is not { } value)
            return new ProtoJsonError(pointer, $"{path} must be {ProtoScalars.Expected(field)}; was \"{ProtoTypes.Shorten(text)}\".");
        if (field.IsRepeated) ((IList)field.Accessor.GetValue(message)).Add(value);
        else field.Accessor.SetValue(message, value);
        return null;
    }

    private static IMessage Child(IMessage message, FieldDescriptor field)
    {
        if (field.Accessor.GetValue(message) is IMessage present) return present;
        var child = ProtoTypes.Create(field.MessageType);
        field.Accessor.SetValue(message, child);
        return child;
    }
}
