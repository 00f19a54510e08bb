using Microsoft.Extensions.Configuration;
using Pipeline.AppHost.Publishing;
using Pipeline.AppHost.Runs;
using Pipeline.Files;

namespace Pipeline.AppHost.Configuration;

/// <summary>Where the pipeline keeps and finds its files; all absolute.</summary>
/// <param name="Data">The data directory.</param>
/// <param name="Roots">What may be read and written below, separated like PATH.</param>
/// <param name="Stores">Where runs are kept, below <c>runs</c>: the data directory, and the cluster's storage where there is one.</param>
/// <param name="Lock">Reserves the data directory for this AppHost until it is disposed.</param>
internal sealed record PipelineDirectories(string Data, string Roots, IReadOnlyList<string> Stores, AppHostLock? Lock = null)
{
    public string Logs => Path.Combine(Data, "logs");

    /// <summary>The input of a run that names none.</summary>
    public string Sample => Path.Combine(Data, "samples", "events-100000.ndjson");

    /// <exception cref="PipelineException">The data directory cannot be used, or another AppHost uses it; the run to go on with is not there.</exception>
    public static PipelineDirectories Create(PipelineOptions options, IConfiguration configuration, PipelineCommand command)
    {
        var data = Path.GetFullPath(options.Data);
        string[] stores = configuration["Cluster:Storage"] is { Length: > 0 } shared ? [data, Path.GetFullPath(shared, data)] : [data];
        var stored = command.Resume is { } run ? StoredRuns.Read(stores, run) : null;
        var input = command.Input ?? stored?.Input;
        string?[] roots =
        [
            Environment.CurrentDirectory,
            data,
            .. options.Roots.Select(Path.GetFullPath),
            .. (configuration["PIPELINE_ROOTS"] ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries).Select(Path.GetFullPath),
            FolderOf(input),
            Path.GetDirectoryName(command.Output ?? stored?.Output),
        ];
        // Last: an error before this would leave the lock as a killed AppHost does.
        return new PipelineDirectories(data, Join(roots), stores, Reserve(data));
    }

    /// <summary>Those of an installation without an AppHost: what is not absolute means nothing there.</summary>
    public static PipelineDirectories OfInstallation(PipelineOptions options, IConfiguration configuration)
    {
        var data = Path.IsPathRooted(options.Data) ? options.Data : SystemdFiles.DefaultData;
        var roots = (configuration["PIPELINE_ROOTS"] ?? "").Split(Path.PathSeparator).Concat(options.Roots).Where(Path.IsPathRooted);
        return new PipelineDirectories(data, Join(roots.Prepend(data)), [data]);
    }

    /// <summary>The directory that is read for an input: the input itself, or the one in which it is.</summary>
    public static string? FolderOf(string? input) => Directory.Exists(input) ? input : Path.GetDirectoryName(input);

    /// <summary>Why a directory cannot be one of <see cref="Roots"/>, where it would be read as two; null: it can.</summary>
    public static string? WhyNoRoot(string? directory) => directory?.Contains(Path.PathSeparator, StringComparison.Ordinal) != true ? null
        : $"cannot be in '{directory}': '{Path.PathSeparator}' separates the roots in {RootedPath.RootsVariable}; rename the directory, or name a link to it";

    private static string Join(IEnumerable<string?> roots) =>
        string.Join(Path.PathSeparator, roots.OfType<string>().Distinct().Where(root => WhyNoRoot(root) is null));

    /// <summary>Makes the data directory, and reserves it for one AppHost at a time.</summary>
    /// <exception cref="PipelineException">It cannot be used, or another AppHost uses it.</exception>
    internal static AppHostLock Reserve(string data)
    {
        try
        {
            return new AppHostLock(ReservedFolder.TryTake(data, "apphost.lock")
                ?? throw new PipelineException($"data directory '{data}' is in use by another AppHost; --Pipeline:Data=DIR takes another"));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new PipelineException($"data directory '{data}' cannot be used: {exception.Message.TrimEnd('.')}; --Pipeline:Data=DIR takes another");
        }
    }
}

/// <summary>The lock on a data directory. Its file has one byte while it is held; an orderly end empties it: a byte tells of a killed AppHost.</summary>
internal sealed class AppHostLock : IDisposable
{
    private readonly FileStream _file;

    public AppHostLock(FileStream file)
    {
        _file = file;
        IsOfKilled = file.Length > 0;
        file.WriteByte((byte)'\n');
        file.Flush();
    }

    /// <summary>Whether the AppHost that had it before was killed: what it started may live on for some seconds.</summary>
    public bool IsOfKilled { get; }

    public void Dispose()
    {
        _file.SetLength(0);
        _file.Dispose();
    }
}
