using System.ComponentModel;
using System.Diagnostics;

namespace Pipeline.Tests.EndToEnd;

/// <summary>Programs of samples/, and why a test of them is skipped: what they need is not installed.</summary>
internal static class Languages
{
    public static string? WhyNotNode => Why(
        !Runs("node", "--version") ? "there is no node"
        : Directory.Exists(Path.Combine(Sample("node"), "node_modules")) ? null : "samples/node has no packages: run npm ci there");

    public static string? WhyNotPython => Why(
        !Runs(Python, "-c", "import grpc, google.protobuf") ? "python3-grpcio and python3-protobuf are not installed"
        : Runs("protoc", "--version") ? null : "protobuf-compiler is not installed");

    /// <summary>The system's own Python, which has the system's packages.</summary>
    public static string Python { get; } = File.Exists("/usr/bin/python3") ? "/usr/bin/python3" : "python3";

    public static string Sample(string name) => Path.Combine(Repository.Root, "samples", name);

    private static string? Why(string? reason) => Systems.WhyNotUnix ?? reason;

    private static bool Runs(string command, params string[] arguments)
    {
        try
        {
            var start = new ProcessStartInfo(command, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
            using var process = Process.Start(start)!;
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }
}

/// <summary>A test of samples/node; skipped where it cannot run.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class NodeFactAttribute : FactAttribute
{
    public NodeFactAttribute() => Skip = Languages.WhyNotNode;
}

/// <summary>A test of samples/python; skipped where it cannot run.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class PythonFactAttribute : FactAttribute
{
    public PythonFactAttribute() => Skip = Languages.WhyNotPython;
}

/// <summary>A test of both; skipped where it cannot run.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class NodeAndPythonFactAttribute : FactAttribute
{
    public NodeAndPythonFactAttribute() => Skip = Languages.WhyNotNode ?? Languages.WhyNotPython;
}
