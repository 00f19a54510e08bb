using Pipeline.Files;

namespace Pipeline.Tests.Files;

public sealed class ShellTests
{
    private const string SystemModules = @"C:\Program Files\WindowsPowerShell\Modules;C:\WINDOWS\system32\WindowsPowerShell\v1.0\Modules";

    [Theory]
    [InlineData("--Pipeline:Data=/tmp/a", "--Pipeline:Data=/tmp/a", "'--Pipeline:Data=/tmp/a'", "--Pipeline:Data=/tmp/a")]
    [InlineData("two words", "'two words'", "'two words'", "\"two words\"")]
    [InlineData("it's", @"'it'\''s'", "'it''s'", "\"it's\"")]
    [InlineData("$x", "'$x'", "'$x'", "\"$x\"")]
    [InlineData(@"C:\a", @"'C:\a'", @"'C:\a'", @"C:\a")]
    [InlineData(@"C:\a b\", @"'C:\a b\'", @"'C:\a b\'", @"""C:\a b\\""")]
    [InlineData("""a\"b""", """'a\"b'""", """'a\"b'""", """ "a\\\"b" """)]
    [InlineData("", "''", "''", "\"\"")]
    public void Quote_AnyArgument_IsOneArgumentToEachShell(string argument, string posix, string powerShell, string cmd) =>
        Assert.Equal((posix, powerShell, cmd.Trim()), (Shell.Posix.Quote(argument), Shell.PowerShell.Quote(argument), Shell.Cmd.Quote(argument)));

    [Theory]
    [InlineData(false, null, nameof(Shell.Posix))]
    [InlineData(false, "/home/a/.local/share/powershell/Modules:/opt/powershell/Modules", nameof(Shell.PowerShell))]
    [InlineData(true, null, nameof(Shell.Cmd))]
    [InlineData(true, SystemModules, nameof(Shell.Cmd))]
    [InlineData(true, @"C:\Users\a\Documents\PowerShell\Modules;" + SystemModules, nameof(Shell.PowerShell))]
    public void Detect_EnvironmentOfAShell_IsThatShell(bool windows, string? modules, string expected)
    {
        var shell = Shell.Detect(windows, name => name switch
        {
            "PSModulePath" => modules,
            "ProgramFiles" => @"C:\Program Files",
            "SystemRoot" => @"C:\WINDOWS",
            _ => null,
        });

        Assert.Same(expected switch { nameof(Shell.Posix) => Shell.Posix, nameof(Shell.Cmd) => Shell.Cmd, _ => Shell.PowerShell }, shell);
    }
}
