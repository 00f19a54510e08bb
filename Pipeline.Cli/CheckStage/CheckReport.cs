using System.Text.Json.Serialization;
using Pipeline.Client.Runs;

namespace Pipeline.Cli.CheckStage;

/// <summary>How a check ended.</summary>
[JsonConverter(typeof(LowerCaseEnumConverter<CheckResult>))]
internal enum CheckResult
{
    /// <summary>The stage did as the contract says.</summary>
    Pass,

    /// <summary>It did not; the findings say how.</summary>
    Fail,

    /// <summary>It was not made; the reason says why.</summary>
    Skipped,
}

/// <summary>One thing that a stage did otherwise than the contract says.</summary>
/// <param name="Sent">What check-stage did.</param>
/// <param name="Came">What came of it.</param>
/// <param name="Expected">What should have come.</param>
/// <param name="Contract">The sentence of the contract.</param>
internal sealed record Finding(string Sent, string Came, string Expected, string Contract);

/// <summary>One check.</summary>
/// <param name="Name">Of the check; docs/languages.md lists them.</param>
/// <param name="Result">How it ended.</param>
/// <param name="Reason">Why it was skipped; null = it was not.</param>
/// <param name="Findings">What is wrong.</param>
internal sealed record CheckOutcome(string Name, CheckResult Result, string? Reason, IReadOnlyList<Finding> Findings);

/// <summary>All checks of one stage.</summary>
/// <param name="Address">Of the stage.</param>
/// <param name="Role">That it was checked as.</param>
/// <param name="Passed">Whether none failed.</param>
/// <param name="Checks">In their order.</param>
internal sealed record CheckReport(string Address, string Role, bool Passed, IReadOnlyList<CheckOutcome> Checks)
{
    /// <summary>A line for the check, and its findings below it.</summary>
    public static void Write(LineWriter output, CheckOutcome check)
    {
        output.WriteLine(check.Result switch
        {
            CheckResult.Pass => $"pass     {check.Name}",
            CheckResult.Fail => $"FAIL     {check.Name}",
            _ => $"skipped  {check.Name}: {check.Reason}",
        });
        foreach (var finding in check.Findings)
        {
            output.WriteLine($"           sent      {finding.Sent}");
            output.WriteLine($"           came      {finding.Came}");
            output.WriteLine($"           expected  {finding.Expected}");
            output.WriteLine($"           contract  {finding.Contract}");
        }

        output.Flush();
    }
}

/// <summary>The report as JSON.</summary>
[JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(CheckReport))]
internal sealed partial class CheckReportJson : JsonSerializerContext;
