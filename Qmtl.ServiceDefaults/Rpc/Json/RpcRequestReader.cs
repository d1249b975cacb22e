using System.Buffers;
using System.Text.Json;
using Google.Api;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;
using Qmtl.Identity;
using Qmtl.Protos;

namespace Qmtl.ServiceDefaults.Rpc;

/// <summary>Makes an rpc's request of an HTTP request's path, query and body.</summary>
internal sealed class RpcRequestReader(RpcRoute route, RpcJsonOptions options)
{
    private readonly FieldDescriptor? _bodyField = route.Body is "" or RpcRoute.WholeBody ? null : route.Method.InputType.FindFieldByName(route.Body);

    public async Task<IMessage> ReadAsync(HttpContext http, CancellationToken cancellationToken)
    {
        var request = route.Method.InputType.Parser.ParseFrom(ByteString.Empty);
        await ReadBodyAsync(http.Request, request, cancellationToken).ConfigureAwait(false);
        ReadPath(http.Request, request);
        ReadQuery(http.Request, request);
        return request;
    }

    private async Task ReadBodyAsync(HttpRequest http, IMessage request, CancellationToken cancellationToken)
    {
        if (route.Body.Length == 0)
        {
            await RefuseBodyAsync(http, cancellationToken).ConfigureAwait(false);
            return;
        }

        var raw = _bodyField?.MessageType == HttpBody.Descriptor;
        if (!raw) CheckContentType(http);
        if (http.Headers.ContentEncoding.Count > 0 && !string.Equals(http.Headers.ContentEncoding, "identity", StringComparison.OrdinalIgnoreCase))
            throw new RefusalException(ReasonCodes.InvalidContentType, $"The content encoding \"{http.Headers.ContentEncoding}\" is not accepted; send the body plain.");
        if (raw) await ReadAllAsync(http, body => _bodyField!.Accessor.SetValue(request, new HttpBody { ContentType = http.ContentType ?? "", Data = UnsafeByteOperations.UnsafeWrap(body.ToArray()) }), cancellationToken).ConfigureAwait(false);
        else await ReadAllAsync(http, body => Merge(request, body), cancellationToken).ConfigureAwait(false);
    }

    private void Merge(IMessage request, ReadOnlySequence<byte> body)
    {
        var target = request;
        if (_bodyField is not null)
        {
            target = _bodyField.MessageType.Parser.ParseFrom(ByteString.Empty);
            _bodyField.Accessor.SetValue(request, target);
        }

        // No body is an empty object: every field is optional on the wire, and the handler names what it misses.
        if (body.IsEmpty) return;
        // Borrowed: bodies of a few hundred kilobytes would be large objects, and every few of them a full collection.
        var bytes = ArrayPool<byte>.Shared.Rent((int)body.Length);
        try
        {
            body.CopyTo(bytes);
            ProtoJson.Merge(target, bytes.AsMemory(0, (int)body.Length));
        }
        catch (JsonException bad)
        {
            throw InvalidJson(bad);
        }
        catch (ProtoJsonException bad)
        {
            throw Refuse(bad.Errors, bad);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }

    private void ReadPath(HttpRequest http, IMessage request)
    {
        foreach (var name in route.Variables)
        {
            var text = http.RouteValues[name] as string ?? "";
            var field = request.Descriptor.FindFieldByName(name);
            var before = field.Accessor.GetValue(request);
            if (ProtoJson.SetFromText(request, name, text) is { } error) throw Refuse([error], inner: null);
            var contradicts = route.Body is RpcRoute.WholeBody && !IsDefault(before) && !before.Equals(field.Accessor.GetValue(request));
            if (contradicts) throw RefusalException.At(ReasonCodes.InvalidArgument, "/" + name, $"{name} in the body contradicts the path; leave it out.");
        }
    }

    private void ReadQuery(HttpRequest http, IMessage request)
    {
        var errors = new List<ProtoJsonError>();
        foreach (var (name, values) in http.Query)
        {
            if (options.IgnoredQuery.Contains(name)) continue;
            if (IsTaken(name))
            {
                errors.Add(new ProtoJsonError("/" + name.Replace('.', '/'), $"There is no query parameter \"{name}\" here; {(route.Body is RpcRoute.WholeBody ? "send it in the body" : "the path or body has it")}.", IsUnknownField: true));
                continue;
            }

            if (values.Count > 1 && request.Descriptor.FindFieldByName(name) is { IsRepeated: false })
            {
                errors.Add(new ProtoJsonError("/" + name, $"{name} is given {values.Count} times."));
                continue;
            }

            errors.AddRange(values.Select(text => ProtoJson.SetFromText(request, name, text ?? "")).OfType<ProtoJsonError>());
        }

        if (errors.Count > 0) throw Refuse(errors, inner: null);
    }

    private bool IsTaken(string name)
    {
        var first = name.Split('.')[0];
        return route.Body is RpcRoute.WholeBody || string.Equals(first, route.Body, StringComparison.Ordinal) || route.Variables.Contains(first, StringComparer.Ordinal);
    }

    /// <summary>An empty object says nothing, so clients that always send one are let through.</summary>
    private async Task RefuseBodyAsync(HttpRequest http, CancellationToken cancellationToken)
    {
        if (http.ContentLength is null or 0 && !http.Headers.ContainsKey(HeaderNames.TransferEncoding)) return;
        var text = "";
        await ReadAllAsync(http, body => text = System.Text.Encoding.UTF8.GetString(body.ToArray()).Trim(), cancellationToken).ConfigureAwait(false);
        if (text is not ("" or "{}" or "null")) throw new RefusalException(ReasonCodes.InvalidArgument, $"{http.Method} {http.Path} takes no body; use query parameters.");
    }

    private static void CheckContentType(HttpRequest http)
    {
        if (http.ContentType is null && http.ContentLength is null or 0) return;
        if (MediaTypeHeaderValue.TryParse(http.ContentType, out var type) && (type.MatchesMediaType("application/json") || type.Suffix.Equals("json", StringComparison.OrdinalIgnoreCase))
            && (type.Encoding is null || type.Encoding.CodePage == System.Text.Encoding.UTF8.CodePage)) return;
        throw new RefusalException(
            ReasonCodes.InvalidContentType, http.ContentType is null ? "The body has no content type; send application/json." : $"The content type \"{http.ContentType}\" is not accepted; send application/json in UTF-8.");
    }

    /// <summary>Hands over the whole body, which is valid for the length of the call.</summary>
    private async Task ReadAllAsync(HttpRequest http, Action<ReadOnlySequence<byte>> take, CancellationToken cancellationToken)
    {
        if (http.ContentLength > options.MaxBodyBytes) throw TooLarge();
        while (true)
        {
            var read = await http.BodyReader.ReadAsync(cancellationToken).ConfigureAwait(false);
            if (read.Buffer.Length > options.MaxBodyBytes) throw TooLarge();
            if (read.IsCanceled) throw new OperationCanceledException(cancellationToken);
            if (read.IsCompleted)
            {
                try
                {
                    take(read.Buffer);
                }
                finally
                {
                    http.BodyReader.AdvanceTo(read.Buffer.End);
                }

                return;
            }

            http.BodyReader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    private RefusalException TooLarge() =>
        new(ReasonCodes.TooLarge, $"The request body is larger than {options.MaxBodyBytes} bytes.");

    private static RefusalException InvalidJson(JsonException bad)
    {
        // The parser counts from 0; editors count from 1.
        var (line, column) = ((bad.LineNumber ?? 0) + 1, (bad.BytePositionInLine ?? 0) + 1);
        var facts = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["line"] = line.ToString(System.Globalization.CultureInfo.InvariantCulture),
            ["column"] = column.ToString(System.Globalization.CultureInfo.InvariantCulture),
        };
        return new RefusalException(ReasonCodes.InvalidJson, $"The body is not valid JSON at line {line}, column {column}.", errors: null, facts, bad);
    }

    private static RefusalException Refuse(IReadOnlyList<ProtoJsonError> errors, Exception? inner) =>
        new(
            errors.All(error => error.IsUnknownField) ? ReasonCodes.UnknownField : ReasonCodes.InvalidArgument,
            errors.Count == 1 ? errors[0].Message : $"{errors[0].Message} ({errors.Count - 1} more below.)",
            [.. errors.Select(error => new FieldError(error.Pointer, error.Message))],
            metadata: null,
            inner);

    private static bool IsDefault(object? value) => value is null or "" or 0 or 0u or 0L or 0ul or false or 0.0;
}
