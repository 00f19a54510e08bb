using Xunit.Abstractions;
using Xunit.Sdk;

namespace Pipeline.Tests.Dashboard;

/// <summary>Runs the tests of a class in the order in which they are written.</summary>
public sealed class DeclarationOrderer : ITestCaseOrderer
{
    public IEnumerable<TTestCase> OrderTestCases<TTestCase>(IEnumerable<TTestCase> testCases)
        where TTestCase : ITestCase => testCases.OrderBy(test => test.TestMethod.Method.ToRuntimeMethod().MetadataToken);
}
