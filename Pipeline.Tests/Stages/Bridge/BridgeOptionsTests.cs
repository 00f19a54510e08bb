using Microsoft.Extensions.Configuration;
using Pipeline.Stages.Bridge;

namespace Pipeline.Tests.Stages.Bridge;

public sealed class BridgeOptionsTests
{
    [Fact]
    public void DigestOf_AnotherProgram_IsAnother()
    {
        var digest = Digest(("Command", "node"), ("Arguments:0", "transform.js"), ("Directory", "/a"));

        Assert.Equal(digest, Digest(("Command", "node"), ("Arguments:0", "transform.js"), ("Directory", "/a"), ("MaxInFlight", "4")));
        Assert.NotEqual(digest, Digest(("Command", "node"), ("Arguments:0", "other.js"), ("Directory", "/a")));
        Assert.NotEqual(digest, Digest(("Command", "python"), ("Arguments:0", "transform.js"), ("Directory", "/a")));
        Assert.NotEqual(digest, Digest(("Command", "node"), ("Arguments:0", "transform.js"), ("Directory", "/b")));
    }

    [Fact]
    public void DigestOf_AnotherPolicy_IsAnother()
    {
        var digest = Digest(("BuiltIn", "Policy"), ("Policy:Types:0", "view"));

        Assert.NotEqual(digest, Digest(("BuiltIn", "Policy"), ("Policy:Types:0", "buy")));
        Assert.NotEqual(digest, Digest(("BuiltIn", "Policy"), ("Policy:Users:0", "view")));
        Assert.NotEqual(digest, Digest(("BuiltIn", "Log")));
    }

    [Fact]
    public void DigestOf_ProgramThatRunsAlready_IsTheSameAtAnotherPort() =>
        Assert.Equal(Digest(("Address", "http://127.0.0.1:1")), Digest(("Address", "http://127.0.0.1:2")));

    private static string Digest(params (string Key, string Value)[] settings) => BridgeOptions.DigestOf(new ConfigurationBuilder()
        .AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create($"Bridge:{setting.Key}", (string?)setting.Value))).Build());
}
