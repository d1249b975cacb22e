using System.Security.Cryptography;

namespace Qmtl.Gateway.Tokens;

/// <summary>The keys of this process: from the configured file or secret, else random until it ends.</summary>
internal sealed partial class TokenKeys : BackgroundService
{
    private readonly TokenOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<TokenKeys> _logger;
    private volatile KeyRing _ring;
    private DateTime _readAt;

    /// <summary>Reads the keys.</summary>
    /// <exception cref="InvalidOperationException">The configured keys cannot be used, or there must be one and is none.</exception>
    public TokenKeys(TokenOptions options, IHostEnvironment environment, TimeProvider time, ILogger<TokenKeys> logger)
    {
        if (options.Problem(environment) is { } problem) throw new InvalidOperationException(problem);
        (_options, _time, _logger) = (options, time, logger);
        if (options.HasKey)
        {
            _ring = KeyRing.Of(Load());
            return;
        }

        _ring = KeyRing.Of([TokenKey.Random()]);
        if (!options.EphemeralKey) LogRandom(logger, TokenOptions.Section);
    }

    public KeyRing Ring => _ring;

    /// <summary>Looks whether the file changed. A file that cannot be read leaves the keys as they are.</summary>
    public void Refresh()
    {
        if (_options.KeyFile is not { Length: > 0 } file) return;
        try
        {
            if (File.GetLastWriteTimeUtc(file) == _readAt) return;
            _ring = _ring.Replace(Load(), _time.GetUtcNow(), EventTokens.Life + EventTokens.Skew);
            LogRotated(_logger, _ring.Active.Id);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or CryptographicException or InvalidOperationException or ArgumentException)
        {
            LogUnreadable(_logger, file, error);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (_options.KeyFile is not { Length: > 0 }) return;
        using var timer = new PeriodicTimer(_options.RefreshEvery, _time);
        while (await timer.WaitForNextTickAsync(stoppingToken)) Refresh();
    }

    private IReadOnlyList<TokenKey> Load()
    {
        if (_options.KeyFile is not { Length: > 0 } file) return KeyPem.Read(_options.KeyPem!, _options.KeyPassword);
        // Before the text: a change in between is seen the next time.
        _readAt = File.GetLastWriteTimeUtc(file);
        return KeyPem.Read(File.ReadAllText(file), _options.KeyPassword);
    }

    [LoggerMessage(1, LogLevel.Warning, "Event tokens are signed with a random key that ends with this process; other gateways refuse them. Set {Section}:KeyFile.")]
    private static partial void LogRandom(ILogger logger, string section);

    [LoggerMessage(2, LogLevel.Information, "The token keys were read again; {KeyId} signs now.")]
    private static partial void LogRotated(ILogger logger, string keyId);

    [LoggerMessage(3, LogLevel.Error, "The token keys of {File} could not be read; the keys read before stay in force.")]
    private static partial void LogUnreadable(ILogger logger, string file, Exception error);
}
