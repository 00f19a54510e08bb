using Pipeline.Broker.Registry;
using Pipeline.Contracts.Broker.V1;

namespace Pipeline.Tests.Broker.Registry;

public sealed class InstanceRulesTests
{
    [Fact]
    public void Errors_AllFieldsAtTheirLimits_AreNone()
    {
        var instance = BrokerFixture.NewInstance(new string('a', 128), "a" + new string('-', 63));
        instance.Interface = new string('i', 256);
        instance.Version = new string('v', 64);
        instance.Language = new string('l', 64);
        instance.Accepts.Add(Enumerable.Repeat(new string('k', 64), 15));
        for (var i = 0; i < 32; i++)
            instance.Metadata.Add($"{i:00}" + new string('k', 62), new string('v', 1024));

        Assert.Empty(InstanceRules.Errors(instance));
    }

    [Fact]
    public void Errors_EveryFieldWrong_NamesThemAllAtOnce()
    {
        var instance = new Instance { Version = new string('v', 65), Language = "a\nb", ProcessId = -1, Accepts = { "" }, Metadata = { [""] = "\u001b" } };
        instance.Emits.Add(Enumerable.Repeat("k", 17));

        var fields = InstanceRules.Errors(instance).Select(error => error[..error.IndexOf(':')]).Order();

        string[] all = ["accepts", "address", "emits", "instance_id", "interface", "language", "metadata", "process_id", "role", "version"];
        Assert.Equal(all, fields);
    }

    [Fact]
    public void Errors_InstanceMissing_IsAnError() => Assert.Equal(["instance: missing"], InstanceRules.Errors(null));

    [Theory]
    [InlineData("http://127.0.0.1:41234", true)]
    [InlineData("http://localhost:1", true)]
    [InlineData("http://[::1]:65535", true)]
    [InlineData("http://127.0.0.1:41234/", true)]
    [InlineData("http://127.0.0.2:41234", true)]
    [InlineData("http://127.1:41234", false)]
    [InlineData("http://127.0.0.01:41234", false)]
    [InlineData("http://0x7f.0.0.1:41234", false)]
    [InlineData("http://2130706433:41234", false)]
    [InlineData("http://[::ffff:127.0.0.1]:41234", false)]
    [InlineData("http://[0:0:0:0:0:0:0:1]:41234", false)]
    [InlineData("http://loopback:41234", false)]
    [InlineData("http://LOCALHOST:41234", false)]
    [InlineData("http://127.0.0.1", false)]
    [InlineData("http://127.0.0.1:041234", false)]
    [InlineData(" http://127.0.0.1:41234", false)]
    [InlineData("http://127.0.0.1:41234//", false)]
    [InlineData("http://127.0.0.1:0", false)]
    [InlineData("http://127.0.0.1:41234/path", false)]
    [InlineData("http://127.0.0.1:41234?q", false)]
    [InlineData("http://127.0.0.1:41234#f", false)]
    [InlineData("http://user@127.0.0.1:41234", false)]
    [InlineData("http://0.0.0.0:41234", false)]
    [InlineData("http://10.0.0.1:41234", false)]
    [InlineData("http://localhost.example.org:41234", false)]
    [InlineData("https://127.0.0.1:41234", false)]
    [InlineData("127.0.0.1:41234", false)]
    [InlineData("/tmp/socket", false)]
    [InlineData("", false)]
    public void Errors_AnyAddress_AcceptsCanonicalLoopbackOnly(string address, bool isRight)
    {
        var instance = BrokerFixture.NewInstance(address: address);

        Assert.Equal(isRight, InstanceRules.Errors(instance).Count == 0);
    }

    [Theory]
    [InlineData("parse\n")]
    [InlineData("a b")]
    [InlineData("é")]
    public void Errors_InstanceIdIsNotPlainText_IsNamed(string id) =>
        Assert.StartsWith("instance_id:", Assert.Single(InstanceRules.Errors(BrokerFixture.NewInstance(id))));
}
