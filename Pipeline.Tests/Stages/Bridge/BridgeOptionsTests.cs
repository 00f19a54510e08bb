using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Configuration;
using Pipeline.ServiceDefaults.Configuration;
using Pipeline.Stages.Bridge;
using Pipeline.Stages.Bridge.BuiltIn;

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

    [Theory]
    [InlineData("", "must have an entry: without any, everything passes")]
    [InlineData(" ", "must have no empty entry")]
    [InlineData("User", "names the column 'User': the column is 'user'")]
    [InlineData("value", "names the column 'value', which is a number")]
    public void Validate_PolicyThatWouldLetPassTooMuch_IsRefused(string masked, string error)
    {
        var options = new BridgeOptions { Role = "privacy", BuiltIn = BuiltInBridge.Policy };
        options.Policy.Masked.AddRange(masked.Length > 0 ? [masked] : []);

        Assert.Contains(error, Assert.Single(options.Validate(new ValidationContext(options))).ErrorMessage, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Policy:Maksed:0", "Bridge:Policy:Maksed is no setting")]
    [InlineData("Policy:Masked", "Bridge:Policy:Masked cannot be 'user'")]
    [InlineData("Sample:Every", "Bridge:Sample is no setting")]
    public void Ignored_SettingThatWouldDoNothing_IsAnError(string key, string error) =>
        Assert.StartsWith(
            error, Assert.Single(SettingsValidation.Ignored(Configuration((key, "user")).GetSection(BridgeOptions.Section), typeof(BridgeOptions))),
            StringComparison.Ordinal);

    private static string Digest(params (string Key, string Value)[] settings) => BridgeOptions.DigestOf(Configuration(settings));

    private static IConfigurationRoot Configuration(params (string Key, string Value)[] settings) => new ConfigurationBuilder()
        .AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create($"Bridge:{setting.Key}", (string?)setting.Value))).Build();
}
