using System.Net;
using System.Net.Http.Headers;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text;
using Google.Protobuf;
using Qmtl.Identity;
using Qmtl.Protos;
using Qmtl.V1;

namespace Qmtl.Client;

/// <summary>The Gateway's HTTP, typed by the contract. Safe for use from many threads.</summary>
/// <remarks>
/// Every refusal comes back as the <see cref="RefusalException"/> that the service threw; a Gateway that does not answer is one too
/// (<c>E_UNAVAILABLE</c>), and after three times in a row is not asked for a while (<see cref="Breaker"/>). Reads wait two seconds unless said otherwise, writes ten.
/// </remarks>
public sealed class GatewayClient : IDisposable
{
    private const string JsonType = "application/json";
    private const string AllowLive = "X-Allow-Live";
    private static readonly TimeSpan WriteLimit = TimeSpan.FromSeconds(10);
    private readonly HttpClient _http;
    private readonly bool _owned;

    /// <summary>Connects to a Gateway.</summary>
    /// <param name="address">Its HTTP address, such as <c>http://127.0.0.1:8000</c>.</param>
    /// <param name="token">Bearer token; null sends none.</param>
    public GatewayClient(Uri address, string? token = null)
        : this(new HttpClient { BaseAddress = Folder(address), Timeout = Timeout.InfiniteTimeSpan }, owned: true)
    {
        if (token is { Length: > 0 }) _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
    }

    /// <summary>Uses a client made elsewhere, which must have a base address; it is not disposed here.</summary>
    public GatewayClient(HttpClient http)
        : this(http, owned: false)
    {
    }

    private GatewayClient(HttpClient http, bool owned)
    {
        ArgumentNullException.ThrowIfNull(http);
        if (http.BaseAddress is null) throw new ArgumentException("The HTTP client needs a base address.", nameof(http));
        (_http, _owned) = (http, owned);
    }

    /// <summary>How long a read may take.</summary>
    public TimeSpan ReadLimit { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Stops asking a Gateway that does not answer.</summary>
    public CircuitBreaker Breaker { get; init; } = new(TimeProvider.System);

    /// <summary>The Gateway's address.</summary>
    public Uri Address => _http.BaseAddress!;

    /// <summary>Reads a message.</summary>
    /// <typeparam name="T">What the path answers with.</typeparam>
    /// <param name="path">Path and query, relative, such as <c>worlds/w/decide</c>.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="RefusalException">The Gateway refused or did not answer.</exception>
    public async Task<T> GetAsync<T>(string path, CancellationToken cancellationToken = default)
        where T : class, IMessage, new()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(path, UriKind.Relative));
        return await SendAsync<T>(request, ReadLimit, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Reads a message that may not be there.</summary>
    /// <returns>The message, or null when the Gateway has none (404).</returns>
    /// <inheritdoc cref="GetAsync{T}"/>
    public async Task<T?> FindAsync<T>(string path, CancellationToken cancellationToken = default)
        where T : class, IMessage, new()
    {
        try
        {
            return await GetAsync<T>(path, cancellationToken).ConfigureAwait(false);
        }
        catch (RefusalException refusal) when (refusal.Code.HttpStatus == (int)HttpStatusCode.NotFound)
        {
            return null;
        }
    }

    /// <summary>Posts a message.</summary>
    /// <inheritdoc cref="GetAsync{T}"/>
    public Task<T> PostAsync<T>(string path, IMessage body, CancellationToken cancellationToken = default)
        where T : class, IMessage, new()
    {
        ArgumentNullException.ThrowIfNull(body);
        return PostAsync<T>(path, ProtoJson.Write(body), JsonType, cancellationToken);
    }

    /// <summary>Posts a document as it is, such as a policy in YAML.</summary>
    /// <inheritdoc cref="GetAsync{T}"/>
    public async Task<T> PostAsync<T>(string path, string document, string contentType, CancellationToken cancellationToken = default)
        where T : class, IMessage, new()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(path, UriKind.Relative)) { Content = new StringContent(document, Encoding.UTF8, contentType) };
        return await SendAsync<T>(request, WriteLimit, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Posts a message that may reach a live venue, and says so with the header <c>X-Allow-Live</c>.</summary>
    /// <inheritdoc cref="GetAsync{T}"/>
    public async Task<T> PostLiveAsync<T>(string path, IMessage body, CancellationToken cancellationToken = default)
        where T : class, IMessage, new()
    {
        ArgumentNullException.ThrowIfNull(body);
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(path, UriKind.Relative)) { Content = new StringContent(ProtoJson.Write(body), Encoding.UTF8, JsonType) };
        request.Headers.Add(AllowLive, "true");
        return await SendAsync<T>(request, WriteLimit, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Replaces what the path names.</summary>
    /// <inheritdoc cref="GetAsync{T}"/>
    public Task<T> PutAsync<T>(string path, IMessage body, CancellationToken cancellationToken = default)
        where T : class, IMessage, new() => PutAsync<T>(path, body, mayGoLive: false, cancellationToken);

    /// <summary>Replaces what the path names, though that may let orders out to a live venue, and says so with the header <c>X-Allow-Live</c>.</summary>
    /// <inheritdoc cref="GetAsync{T}"/>
    public Task<T> PutLiveAsync<T>(string path, IMessage body, CancellationToken cancellationToken = default)
        where T : class, IMessage, new() => PutAsync<T>(path, body, mayGoLive: true, cancellationToken);

    /// <summary>Posts a message with headers that say more about it, such as who publishes it.</summary>
    /// <inheritdoc cref="GetAsync{T}"/>
    public async Task<T> PostAsync<T>(string path, IMessage body, IReadOnlyDictionary<string, string> headers, CancellationToken cancellationToken = default)
        where T : class, IMessage, new()
    {
        ArgumentNullException.ThrowIfNull(body);
        ArgumentNullException.ThrowIfNull(headers);
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(path, UriKind.Relative)) { Content = new StringContent(ProtoJson.Write(body), Encoding.UTF8, JsonType) };
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        return await SendAsync<T>(request, WriteLimit, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Deletes what the path names.</summary>
    /// <exception cref="RefusalException">The Gateway refused or did not answer.</exception>
    public async Task DeleteAsync(string path, CancellationToken cancellationToken = default)
    {
        using var request = new HttpRequestMessage(HttpMethod.Delete, new Uri(path, UriKind.Relative));
        await SendAsync<Google.Protobuf.WellKnownTypes.Empty>(request, WriteLimit, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Follows events until the stream ends or is cancelled.</summary>
    /// <param name="worldId">Only this world; empty means all.</param>
    /// <param name="topics">Only these topics; none means all.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="RefusalException">The Gateway refused or did not answer.</exception>
    public IAsyncEnumerable<CloudEvent> FollowEventsAsync(string worldId = "", IReadOnlyList<string>? topics = null, CancellationToken cancellationToken = default) => StreamAsync<CloudEvent>(
        HttpMethod.Get, $"events?world_id={Uri.EscapeDataString(worldId)}&topics={Uri.EscapeDataString(string.Join(',', topics ?? []))}", body: null, cancellationToken);

    /// <summary>Follows the messages that a request is answered with, until the stream ends or is cancelled.</summary>
    /// <typeparam name="T">What the stream consists of.</typeparam>
    /// <param name="path">Path and query, relative.</param>
    /// <param name="body">What to post.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="RefusalException">The Gateway refused or did not answer, also in the middle of the stream.</exception>
    public IAsyncEnumerable<T> PostStreamAsync<T>(string path, IMessage body, CancellationToken cancellationToken = default)
        where T : class, IMessage, new()
    {
        ArgumentNullException.ThrowIfNull(body);
        return StreamAsync<T>(HttpMethod.Post, path, body, cancellationToken);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_owned) _http.Dispose();
    }

    private async IAsyncEnumerable<T> StreamAsync<T>(HttpMethod method, string path, IMessage? body, [EnumeratorCancellation] CancellationToken cancellationToken)
        where T : class, IMessage, new()
    {
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative));
        if (body is not null) request.Content = new StringContent(ProtoJson.Write(body), Encoding.UTF8, JsonType);
        using var response = await ReachAsync(() => _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken), cancellationToken).ConfigureAwait(false);
        await ThrowIfRefusedAsync(response, cancellationToken).ConfigureAwait(false);
        var stream = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        await using (stream.ConfigureAwait(false))
        {
            var items = SseParser.Create(stream).EnumerateAsync(cancellationToken).GetAsyncEnumerator(cancellationToken);
            await using (items.ConfigureAwait(false))
            {
                while (await NextAsync(items).ConfigureAwait(false))
                {
                    // What goes wrong behind the headers is told as an event.
                    if (string.Equals(items.Current.EventType, "error", StringComparison.Ordinal)) throw GatewayProblem.Read(items.Current.Data);
                    if (items.Current.Data.Length > 0) yield return ProtoJson.Read<T>(items.Current.Data);
                }
            }
        }
    }

    /// <summary>Paths are relative to the whole address, also behind a proxy that serves the Gateway below a path of its own.</summary>
    private static Uri Folder(Uri address)
    {
        ArgumentNullException.ThrowIfNull(address);
        return address.AbsolutePath.EndsWith('/') ? address : new UriBuilder(address) { Path = address.AbsolutePath + "/" }.Uri;
    }

    private async Task<T> PutAsync<T>(string path, IMessage body, bool mayGoLive, CancellationToken cancellationToken)
        where T : class, IMessage, new()
    {
        ArgumentNullException.ThrowIfNull(body);
        using var request = new HttpRequestMessage(HttpMethod.Put, new Uri(path, UriKind.Relative)) { Content = new StringContent(ProtoJson.Write(body), Encoding.UTF8, JsonType) };
        if (mayGoLive) request.Headers.Add(AllowLive, "true");
        return await SendAsync<T>(request, WriteLimit, cancellationToken).ConfigureAwait(false);
    }

    private async Task<T> SendAsync<T>(HttpRequestMessage request, TimeSpan limit, CancellationToken cancellationToken)
        where T : class, IMessage, new()
    {
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limited.CancelAfter(limit);
        using var response = await ReachAsync(() => _http.SendAsync(request, limited.Token), cancellationToken).ConfigureAwait(false);
        await ThrowIfRefusedAsync(response, cancellationToken).ConfigureAwait(false);
        var body = await response.Content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            // Who wants nothing back takes any answer.
            return body.Length == 0 || typeof(T) == typeof(Google.Protobuf.WellKnownTypes.Empty) ? new T() : ProtoJson.Read<T>(body);
        }
        catch (Exception problem) when (problem is System.Text.Json.JsonException or ProtoJsonException)
        {
            throw new RefusalException(ReasonCodes.BadUpstream, $"The gateway at {Address} answered {request.RequestUri} with something else than the contract says: {problem.Message}", null, null, problem);
        }
    }

    private async Task<HttpResponseMessage> ReachAsync(Func<Task<HttpResponseMessage>> send, CancellationToken cancellationToken)
    {
        if (!Breaker.TryEnter())
            throw new RefusalException(ReasonCodes.Unavailable, $"The gateway at {Address} did not answer {Breaker.Threshold} times in a row and is not asked for now. Is it running, and is the address right?");
        try
        {
            var response = await send().ConfigureAwait(false);
            Breaker.Reset();
            return response;
        }
        catch (HttpRequestException problem)
        {
            Breaker.ReportFailure();
            throw new RefusalException(ReasonCodes.Unavailable, $"The gateway at {Address} does not answer: {problem.Message}. Is it running, and is the address right?", null, null, problem);
        }
        catch (OperationCanceledException late) when (!cancellationToken.IsCancellationRequested)
        {
            Breaker.ReportFailure();
            throw new RefusalException(ReasonCodes.Timeout, $"The gateway at {Address} did not answer in time.", null, null, late);
        }
        catch
        {
            Breaker.ReportNothing();
            throw;
        }
    }

    /// <summary>Whether there is a next event; a stream that breaks off is a Gateway that went away.</summary>
    private async Task<bool> NextAsync(IAsyncEnumerator<SseItem<string>> items)
    {
        try
        {
            return await items.MoveNextAsync().ConfigureAwait(false);
        }
        catch (Exception problem) when (problem is IOException or HttpRequestException)
        {
            throw new RefusalException(ReasonCodes.Unavailable, $"The event stream of the gateway at {Address} broke off: {problem.Message}", null, null, problem);
        }
    }

    private static async Task ThrowIfRefusedAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        if (response.IsSuccessStatusCode) return;
        throw GatewayProblem.Read((int)response.StatusCode, await response.Content.ReadAsStringAsync(cancellationToken).ConfigureAwait(false));
    }
}
