namespace Qmtl.AppHost.Tests;

public sealed class ProfileTests
{
    [Theory]
    [InlineData(false, false, "embedded: no container runtime answers")]
    [InlineData(true, true, "full: a container runtime answers")]
    public void Choose_NothingAsked_FollowsWhatAnswers(bool containers, bool full, string says)
    {
        var profile = AppHostProfile.Choose(DistributedApplication.CreateBuilder([]), () => containers);
        Assert.Equal(full, profile.IsFull);
        Assert.Contains(says, profile.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("full", true)]
    [InlineData("Embedded", false)]
    public void Choose_Asked_IsFollowed(string asked, bool full)
    {
        var profile = AppHostProfile.Choose(DistributedApplication.CreateBuilder(["--profile", asked]), () => !full);
        Assert.Equal((full, "--profile says so"), (profile.IsFull, profile.Reason));
    }

    [Fact]
    public void Choose_GivenServer_IsFullAndNamesIt()
    {
        var profile = AppHostProfile.Choose(DistributedApplication.CreateBuilder(["--ConnectionStrings:redis", "localhost:1"]), () => false);
        Assert.True(profile.IsFull);
        Assert.Contains("ConnectionStrings:redis", profile.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Choose_UnknownProfile_IsRefusedWithTheKnownOnes()
    {
        var refusal = Assert.Throws<DistributedApplicationException>(() => AppHostProfile.Choose(DistributedApplication.CreateBuilder(["--profile", "half"]), () => false));
        Assert.Equal("--profile is 'full' or 'embedded', not 'half'.", refusal.Message);
    }

    [Fact]
    public void Choose_Publishing_IsFullWithoutAskingAnything()
    {
        var profile = AppHostProfile.Choose(DistributedApplication.CreateBuilder(["--operation", "publish"]), () => throw new InvalidOperationException("was asked"));
        Assert.True(profile.IsFull);
    }
}
