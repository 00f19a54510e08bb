using System.Text;
using CsCheck;
using Pipeline.Contracts;
using Pipeline.Stages.Sink.Lines;

namespace Pipeline.Tests.Stages.Sink.Partials;

public sealed class RenumberedRejectsTests
{
    [Fact]
    public void Next_LinesCutAnywhere_RaisesTheirNumbersOnly()
    {
        string[] lines = ["{\"line\":1,\"raw\":\"a\"}\n", "{\"line\":99,\"raw\":\"{\\\"line\\\":7,\"}\n",
            $"{{\"line\":123456789012,\"raw\":\"{new string('x', 3000)}\"}}\n"];
        var expected = lines[0].Replace(":1,", ":1001,", StringComparison.Ordinal)
            + lines[1].Replace(":99,", ":1099,", StringComparison.Ordinal)
            + lines[2].Replace(":123456789012,", ":123456790012,", StringComparison.Ordinal);
        var bytes = Encoding.UTF8.GetBytes(string.Concat(lines));
        Gen.Int[1, bytes.Length].Array[0, 8].Sample(cuts =>
        {
            var renumbered = new RenumberedRejects(1000);
            var output = new List<byte>();
            var start = 0;
            foreach (var end in cuts.Order().Append(bytes.Length))
            {
                output.AddRange(renumbered.Next(bytes.AsSpan(start, end - start)));
                start = end;
            }

            Assert.Equal(expected, Encoding.UTF8.GetString(output.ToArray()));
        });
        Assert.Equal(expected, Encoding.UTF8.GetString(bytes.SelectMany(new OneByOne().Next).ToArray()));
    }

    [Fact]
    public void Next_LineWithoutItsNumber_Fails() =>
        Assert.Equal(FailureReasons.Internal, Assert.Throws<StageException>(() => new RenumberedRejects(1).Next("{\"offset\":1}\n"u8).Length).Failure.Reason);

    private sealed class OneByOne
    {
        private readonly RenumberedRejects _renumbered = new(1000);

        public IEnumerable<byte> Next(byte one) => _renumbered.Next([one]).ToArray();
    }
}
