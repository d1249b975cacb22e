using Qmtl.ServiceDefaults.Authentication;
using Qmtl.Testing;

namespace Qmtl.ServiceDefaults.Tests.Authentication;

/// <summary>Who may say who somebody is: the Gateway with the shared key, and nobody else.</summary>
public sealed class TrustTests
{
    private static readonly (string Name, string Value)[] Spoofed = [("X-Caller-Sub", "root"), ("X-World-Roles", "*:owner"), ("X-Caller-Claims", """{"sub":"root"}""")];

    [Fact]
    public async Task Headers_OfAClient_AreTakenOff_WithAndWithoutToken()
    {
        await using var issuer = await TestIssuer.StartAsync();
        await using var host = await AuthHost.StartAsync(AuthHost.Tokens(issuer));

        Assert.Equal(401, (await host.GetAsync("/who", token: null, Spoofed)).Status);
        Assert.Equal("User ann [w1:reader] via '' headers []", (await host.GetAsync("/who", issuer.Token("ann", ("w1", "reader")), Spoofed)).Body);
    }

    [Fact]
    public async Task Local_IsTheOwner_WhateverTheHeadersSay()
    {
        await using var host = await AuthHost.StartAsync(new(StringComparer.Ordinal) { ["Auth:Mode"] = "local" });

        Assert.Equal("Local local [*:owner] via '' headers []", (await host.GetAsync("/who", token: null, Spoofed)).Body);
    }

    [Theory]
    [InlineData("X-Forwarded-For", "203.0.113.7")]
    [InlineData("Forwarded", "for=203.0.113.7")]
    [InlineData("Origin", "https://evil.example")]
    public async Task Local_ForSomebodyElsewhere_IsRefusedNamingTheSetting(string header, string value)
    {
        await using var host = await AuthHost.StartAsync(new(StringComparer.Ordinal) { ["Auth:Mode"] = "local" });

        var answer = await host.GetAsync("/who", token: null, (header, value));

        Assert.Equal((401, "not_local"), (answer.Status, answer.Json.GetProperty("auth_failure").GetString()));
        Assert.Contains("Auth:Authority", answer.Json.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Equal(200, (await host.GetAsync("/who", token: null, ("Origin", "http://localhost:8080"))).Status);
    }

    [Fact]
    public async Task Gateway_VouchesForOthers_AndHasLittleOfItsOwn()
    {
        await using var issuer = await TestIssuer.StartAsync();
        await using var host = await AuthHost.StartAsync(AuthHost.Tokens(issuer));
        var gateway = ("x-service-token", host.Credentials.Issue("gateway")!);

        Assert.Equal("Service service:gateway [*:reader] via 'gateway' headers []", (await host.GetAsync("/who", token: null, gateway)).Body);
        Assert.Equal("User j%C3%B6rg [w1:operator] via 'gateway' headers []".Replace("%C3%B6", "ö", StringComparison.Ordinal),
            (await host.GetAsync("/who", token: null, gateway, ("x-caller-sub", "j%C3%B6rg"), ("x-world-roles", "w1:operator"))).Body);
        Assert.Equal("Anonymous anonymous [] via 'gateway' headers []", (await host.GetAsync("/who", token: null, gateway, ("x-caller-sub", "anonymous"), ("x-world-roles", "*:owner"))).Body);
        Assert.Equal(403, (await host.GetAsync("/who", token: null, ("x-service-token", host.Credentials.Issue("dashboard")!), ("x-caller-sub", "root"), ("x-world-roles", "*:owner"))).Status);
    }

    [Fact]
    public async Task ServiceToken_OldOrOfAnotherKey_IsRefused()
    {
        var clock = new ManualClock(DateTimeOffset.UtcNow);
        await using var issuer = await TestIssuer.StartAsync();
        await using var host = await AuthHost.StartAsync(AuthHost.Tokens(issuer), clock);
        var token = host.Credentials.Issue("gateway")!;
        var strange = new ServiceCredentials(new AuthOptions { ServiceKey = "another key of more than 32 bytes, too" }, clock).Issue("gateway")!;

        Assert.Equal(401, (await host.GetAsync("/who", token: null, ("x-service-token", strange))).Status);
        Assert.Equal(200, (await host.GetAsync("/who", token: null, ("x-service-token", token))).Status);
        clock.Advance(ServiceCredentials.Lifetime + TimeSpan.FromSeconds(31));
        Assert.Equal((401, "expired"), await StatusAsync());
        Assert.NotEqual(token, host.Credentials.Issue("gateway"));

        async Task<(int, string?)> StatusAsync()
        {
            var answer = await host.GetAsync("/who", token: null, ("x-service-token", token));
            return (answer.Status, answer.Json.GetProperty("auth_failure").GetString());
        }
    }

    [Fact]
    public async Task Open_Endpoint_KeepsItsOwnCredentials_AndGrantsNothing()
    {
        await using var issuer = await TestIssuer.StartAsync();
        await using var host = await AuthHost.StartAsync(AuthHost.Tokens(issuer));

        Assert.Equal("Anonymous anonymous [] via '' headers [authorization]", (await host.GetAsync("/open", "some-other-token", Spoofed)).Body);
        Assert.Equal(200, (await host.GetAsync("/health/live")).Status);
        Assert.Equal(404, (await host.GetAsync("/nowhere")).Status);
    }

    public static TheoryData<string, string, string?> Settings => new()
    {
        { "Production", "", "Auth:Authority" },
        { "Staging", "", "Auth:Authority" },
        { "Development", "", null },
        { "Production", "Mode=Local", null },
        { "Development", "Authority=https://id.example", "Auth:Audience and Auth:ServiceKey" },
        { "Production", "JwksUri=https://id.example/k;Audience=a;ServiceKey=0123456789012345678901234567890123", "Auth:Issuer" },
        { "Production", "Authority=http://id.example;Audience=a;ServiceKey=0123456789012345678901234567890123", "https" },
        { "Production", "Authority=https://id.example;Audience=a;ServiceKey=short", "32" },
        { "Development", "Mode=Local;Authority=https://id.example", "exclude" },
        { "Production", "Authority=https://id.example;Audience=a;ServiceKey=0123456789012345678901234567890123", null },
    };

    [Theory]
    [MemberData(nameof(Settings))]
    public void Settings_ThatLeaveOpenWhoMayCall_StopTheStart(string environment, string settings, string? names)
    {
        var options = new AuthOptions();
        foreach (var pair in settings.Split(';', StringSplitOptions.RemoveEmptyEntries).Select(text => text.Split('=', 2)))
        {
            var property = typeof(AuthOptions).GetProperty(pair[0])!;
            property.SetValue(options, pair[0] == "Mode" ? AuthMode.Local : pair[1]);
        }

        var problem = Record.Exception(() => options.Decide(environment));

        if (names is null) Assert.Null(problem);
        else Assert.Contains(names, Assert.IsType<InvalidOperationException>(problem).Message, StringComparison.Ordinal);
    }
}
