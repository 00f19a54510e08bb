using System.Reflection;
using System.Text.RegularExpressions;
using Pipeline.Cli.CheckStage;

namespace Pipeline.Tests.Cli.CheckStage;

public sealed partial class ContractTextTests
{
    public static TheoryData<string> Sentences => [.. typeof(ContractText)
        .GetFields(BindingFlags.Public | BindingFlags.Static).Where(constant => constant.IsLiteral).Select(constant => constant.Name)];

    [Theory]
    [MemberData(nameof(Sentences))]
    public void ContractText_EverySentence_StandsInTheProtoFiles(string name)
    {
        var sentence = (string)typeof(ContractText).GetField(name)!.GetRawConstantValue()!;
        var protos = Directory.EnumerateFiles(Path.Combine(Repository.Root, "Pipeline.Contracts", "pipeline", "v1"), "*.proto");

        Assert.Contains(protos, proto => CommentBreak().Replace(File.ReadAllText(proto), " ").Contains(sentence, StringComparison.Ordinal));
    }

    // Comments go on from line to line.
    [GeneratedRegex(@"\s*\n\s*//\s*")]
    private static partial Regex CommentBreak();
}
