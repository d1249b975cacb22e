using Google.Api;
using Google.Protobuf.Reflection;
using Microsoft.AspNetCore.Http;

namespace Qmtl.ServiceDefaults.Rpc;

/// <summary>One HTTP route of an rpc, from its google.api.http option.</summary>
/// <param name="Method">The rpc.</param>
/// <param name="Verb">HTTP method.</param>
/// <param name="Template">Path template; variables have the names of request fields.</param>
/// <param name="Variables">Names of the path's variables.</param>
/// <param name="Body">Request field that the body fills; <c>*</c> for all fields; empty for none.</param>
/// <param name="ResponseBody">Response field that is the body; null for the whole response.</param>
public sealed record RpcRoute(MethodDescriptor Method, string Verb, string Template, IReadOnlyList<string> Variables, string Body, FieldDescriptor? ResponseBody)
{
    /// <summary>Every field that the path does not take.</summary>
    public const string WholeBody = "*";

    /// <summary>All routes of a service, in the order of its rpcs.</summary>
    public static IEnumerable<RpcRoute> Of(ServiceDescriptor service)
    {
        ArgumentNullException.ThrowIfNull(service);
        foreach (var method in service.Methods)
        {
            if (method.GetOptions()?.GetExtension(AnnotationsExtensions.Http) is not { } rule) continue;
            yield return Create(method, rule);
            foreach (var additional in rule.AdditionalBindings) yield return Create(method, additional);
        }
    }

    private static RpcRoute Create(MethodDescriptor method, HttpRule rule)
    {
        var (verb, template) = rule.PatternCase switch
        {
            HttpRule.PatternOneofCase.Get => (HttpMethods.Get, rule.Get),
            HttpRule.PatternOneofCase.Put => (HttpMethods.Put, rule.Put),
            HttpRule.PatternOneofCase.Post => (HttpMethods.Post, rule.Post),
            HttpRule.PatternOneofCase.Delete => (HttpMethods.Delete, rule.Delete),
            HttpRule.PatternOneofCase.Patch => (HttpMethods.Patch, rule.Patch),
            HttpRule.PatternOneofCase.Custom => (rule.Custom.Kind, rule.Custom.Path),
            _ => throw new InvalidOperationException($"The http option of {method.FullName} has no path."),
        };
        var variables = Variable(method, template);
        if (rule.Body.Length > 0 && !string.Equals(rule.Body, WholeBody, StringComparison.Ordinal) && method.InputType.FindFieldByName(rule.Body) is null)
            throw new InvalidOperationException($"The body of {method.FullName} is the field \"{rule.Body}\", which {method.InputType.FullName} does not have.");
        return new RpcRoute(method, verb, template, variables, rule.Body, rule.ResponseBody.Length == 0 ? null : method.OutputType.FindFieldByName(rule.ResponseBody));
    }

    /// <summary>One segment each; this contract has no variables over several segments.</summary>
    private static List<string> Variable(MethodDescriptor method, string template)
    {
        var names = new List<string>();
        foreach (var segment in template.Split('/'))
        {
            if (!segment.Contains('{', StringComparison.Ordinal)) continue;
            if (!segment.StartsWith('{') || !segment.EndsWith('}') || segment.Contains('=', StringComparison.Ordinal))
                throw new NotSupportedException($"The path \"{template}\" of {method.FullName} has a variable that is not exactly one segment.");
            var name = segment[1..^1];
            if (method.InputType.FindFieldByName(name) is null) throw new InvalidOperationException($"The path \"{template}\" of {method.FullName} names the field \"{name}\", which does not exist.");
            names.Add(name);
        }

        return names;
    }
}
