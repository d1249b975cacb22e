using System.Collections.Concurrent;
using Google.Protobuf;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Qmtl.Protos;

namespace Qmtl.Client.Tests;

/// <summary>A request as it arrived.</summary>
internal sealed record Arrived(string Method, string Path, string Query, string Body, string? ContentType, string? Authorization)
{
    public string Call => $"{Method} {Path}";

    public T As<T>()
        where T : IMessage, new() => ProtoJson.Read<T>(Body);
}

/// <summary>A Gateway on a real port that answers what a test tells it to.</summary>
internal sealed class FakeGateway : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<Arrived> _arrived = new();
    private readonly ConcurrentDictionary<string, Func<Arrived, HttpContext, Task>> _answers = new(StringComparer.Ordinal);

    private FakeGateway(WebApplication app) => _app = app;

    public Uri Address { get; private set; } = new("http://127.0.0.1");

    public IReadOnlyList<Arrived> Arrived => [.. _arrived];

    public IReadOnlyList<string> Calls => [.. _arrived.Select(request => request.Call)];

    public static async Task<FakeGateway> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var gateway = new FakeGateway(builder.Build());
        gateway._app.Run(gateway.ServeAsync);
        await gateway._app.StartAsync().Within();
        gateway.Address = new Uri(gateway._app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
        return gateway;
    }

    /// <summary>Answers a call with a message of the contract.</summary>
    public void Answer(string call, IMessage message, int status = 200) => Answer(call, status, "application/json", ProtoJson.Write(message));

    /// <summary>Answers a call with a refusal.</summary>
    public void Refuse(string call, int status, string code, string detail, string more = "") =>
        Answer(call, status, "application/problem+json", $$"""{"type":"about:blank","title":"Refused","status":{{status}},"code":"{{code}}","detail":"{{detail}}"{{more}}}""");

    public void Answer(string call, int status, string contentType, string body) => Answer(call, (_, context) =>
    {
        context.Response.StatusCode = status;
        // A 204 with a body, even an empty one, makes Kestrel close the connection under the next request.
        if (status == StatusCodes.Status204NoContent) return Task.CompletedTask;
        context.Response.ContentType = contentType;
        return context.Response.WriteAsync(body);
    });

    public void Answer(string call, Func<Arrived, HttpContext, Task> answer) => _answers[call] = answer;

    public T Body<T>(string call)
        where T : IMessage, new() => _arrived.Single(request => request.Call == call).As<T>();

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private async Task ServeAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body);
        var request = new Arrived(
            context.Request.Method, context.Request.Path, context.Request.QueryString.ToString(), await reader.ReadToEndAsync(), context.Request.ContentType, context.Request.Headers.Authorization);
        _arrived.Enqueue(request);
        if (_answers.TryGetValue(request.Call, out var answer)) await answer(request, context);
        else context.Response.StatusCode = StatusCodes.Status418ImATeapot;
    }
}
