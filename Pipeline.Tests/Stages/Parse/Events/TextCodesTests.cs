using System.Runtime.InteropServices;
using System.Text;
using CsCheck;
using Pipeline.Stages.Core.Batching;
using Pipeline.Stages.Parse.Events;

namespace Pipeline.Tests.Stages.Parse.Events;

public sealed unsafe class TextCodesTests
{
    private const int PageBytes = 4096;

    private static readonly Gen<(string Text, int BeforePageEnd)[]> Texts =
        Gen.Select(Gen.String[Gen.Char["ab\0"], 0, 20], Gen.Int[0, 40]).Array[0, 200];

    [Fact]
    public void GetOrAdd_TextsAnywhereInMemory_GivesCodesInOrderOfFirstUse() =>
        Texts.Sample(texts =>
        {
            var pages = (byte*)NativeMemory.AlignedAlloc(2 * PageBytes, PageBytes);
            try
            {
                // Bytes around a text must not count as part of it.
                new Span<byte>(pages, 2 * PageBytes).Fill((byte)'a');
                var table = new TextTable();
                var codes = new TextCodes();
                codes.Reset(table);
                var expected = new Dictionary<string, int>();
                foreach (var (text, beforePageEnd) in texts)
                {
                    var bytes = Encoding.ASCII.GetBytes(text);
                    var place = new Span<byte>(pages + PageBytes - beforePageEnd, bytes.Length);
                    bytes.CopyTo(place);
                    expected.TryAdd(text, expected.Count);
                    Assert.Equal(expected[text], codes.GetOrAdd(place));
                    place.Fill((byte)'a');
                }

                Assert.Equal(expected.Keys, Enumerable.Range(0, table.Count).Select(code => Encoding.ASCII.GetString(table[code])));
                table.Dispose();
            }
            finally
            {
                NativeMemory.AlignedFree(pages);
            }
        });
}
