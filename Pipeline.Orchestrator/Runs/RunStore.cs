using System.Security.Cryptography;
using System.Text.Json;
using System.Text.RegularExpressions;
using Pipeline.Client.Runs;
using Pipeline.Contracts;
using Pipeline.Files;

namespace Pipeline.Orchestrator.Runs;

/// <summary>The runs of a data directory, each in a folder of its own: DATA/runs/RUN_ID/run.json.</summary>
/// <remarks>
/// One orchestrator at a time: a second one would take the first one's active runs for dead and open their attempts anew. The shared store of a
/// cluster is used by many; there <see cref="OwnerClaim"/> decides.
/// </remarks>
internal sealed partial class RunStore : IDisposable
{
    /// <summary>Folder of the data directory with the keys of the page.</summary>
    public const string PageKeys = "page-keys";

    /// <summary>Folder of the data directory with the runs of the demonstration in one process.</summary>
    public const string Demonstrations = "demonstration";

    // Before the id in the name of a folder that is being deleted.
    private const string Leaving = ".deleted-";

    // The other two are the AppHost's.
    private static readonly string[] OwnNames = [PageKeys, Demonstrations, "logs", "apphost.lock"];
    private readonly IDisposable? _lock;
    private readonly ILogger<RunStore> _logger;
    // Makes the temporary files of this process distinct from those of other machines; null in a store that only this process uses.
    private readonly string? _writer;
    // Of each folder its time when its run was read, and whether it was read twice at that time: times of files have steps, of milliseconds to a second,
    // within which a run may be stored after it was read.
    private readonly Dictionary<string, (DateTime Time, bool Again)> _seen = [];
    private readonly Dictionary<string, string> _leftOut = [];

    /// <summary>Opens the store below <paramref name="dataDirectory"/>, which is made if it is not there.</summary>
    /// <exception cref="InvalidOperationException">Another orchestrator has it, or it cannot be made.</exception>
    public RunStore(string dataDirectory, ILogger<RunStore> logger)
    {
        _logger = logger;
        Root = Path.Combine(Path.GetFullPath(dataDirectory), "runs");
        try
        {
            _lock = ReservedFolder.TryTake(Root, ".lock")
                ?? throw new InvalidOperationException("Another orchestrator uses this data directory (PIPELINE_DATA).");
            foreach (var folder in Directory.GetDirectories(Root, Leaving + "*"))
                DeleteRest(folder);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new InvalidOperationException($"The data directory (PIPELINE_DATA) cannot be used: {error.Message}", error);
        }
    }

    private RunStore(ILogger<RunStore> logger, string folder)
    {
        _logger = logger;
        _writer = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));
        Root = Directory.CreateDirectory(Path.Combine(Path.GetFullPath(folder), "runs")).FullName;
    }

    /// <summary>The store of the partitioned runs of a cluster, which all of its machines use at once.</summary>
    /// <param name="folder">The shared storage.</param>
    /// <param name="logger">The log.</param>
    /// <exception cref="IOException">It cannot be used.</exception>
    public static RunStore Shared(string folder, ILogger<RunStore> logger) => new(logger, folder);

    /// <summary>The folder of all runs.</summary>
    public string Root { get; }

    /// <summary>What Pipeline keeps in the data directory for itself: the orchestrator, and the AppHost.</summary>
    public IReadOnlyList<string> Own => [Root, .. OwnNames.Select(PathOf)];

    /// <summary>Folder of a run.</summary>
    public string FolderOf(string id) => Path.Combine(Root, id);

    /// <summary>Makes a new id and its folder.</summary>
    /// <exception cref="StageException">store_unwritable.</exception>
    public string CreateFolder(DateTimeOffset now)
    {
        while (true)
        {
            var id = $"{now.UtcDateTime:yyyyMMdd-HHmmss}-{Random.Shared.Next(0x10000):x4}";
            var folder = FolderOf(id);
            if (Directory.Exists(folder))
                continue;
            Write("the run", () =>
            {
                PrivateFile.CreateFolder(folder);
                DurableFiles.Private.FlushFolder(Root, "run_folder");
            });
            return id;
        }
    }

    /// <summary>Where something of the data directory is, or would be.</summary>
    public string PathOf(string name) => Path.Combine(Path.GetDirectoryName(Root)!, name);

    /// <summary>A folder of the data directory that only this user can read; it is made if it is not there.</summary>
    public DirectoryInfo CreatePrivateFolder(string name) => PrivateFile.CreateFolder(PathOf(name));

    /// <summary>Makes the present state of a run durable.</summary>
    /// <param name="run">The run.</param>
    /// <param name="owner">As in <see cref="Save(string, Run, long)"/>.</param>
    /// <exception cref="StageException">store_unwritable; what was stored before stays.</exception>
    public void Save(Run run, long owner = 0) => Save(FolderOf(run.Id), run, owner);

    /// <summary>Makes the present state of a run durable in a folder, which is made if it is not there.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="run">The run.</param>
    /// <param name="owner">
    /// Number of the <see cref="OwnerClaim"/> under which it is written, see <see cref="RunStateFile.PathIn"/>; 0 = none: in a store that only
    /// this process uses it takes the place of what the last owner wrote, if there was one.
    /// </param>
    /// <exception cref="StageException">store_unwritable; what was stored before stays.</exception>
    public void Save(string folder, Run run, long owner = 0) => Write("the run's state", () =>
    {
        if (!Directory.Exists(folder))
            PrivateFile.CreateFolder(folder);
        var path = owner == 0 && _writer is null ? RunStateFile.LatestIn(folder) : RunStateFile.PathIn(folder, owner);
        DurableFiles.Private.Replace(path, JsonSerializer.SerializeToUtf8Bytes(run, RunJson.Default.Run), "run", _writer);
    });

    /// <summary>Has something of a run written.</summary>
    /// <param name="what">What it is, for people.</param>
    /// <param name="write">Writes it.</param>
    /// <exception cref="StageException">store_unwritable.</exception>
    public static void Write(string what, Action write) => Write(what, () =>
    {
        write();
        return true;
    });

    /// <inheritdoc cref="Write(string, Action)"/>
    /// <returns>What <paramref name="write"/> returns.</returns>
    public static T Write<T>(string what, Func<T> write) => Access(what, "stored", write);

    /// <summary>Has something of a run read.</summary>
    /// <param name="what">What it is, for people.</param>
    /// <param name="read">Reads it.</param>
    /// <exception cref="StageException">store_unwritable.</exception>
    public static T Read<T>(string what, Func<T> read) => Access(what, "read", read);

    /// <summary>Has the state of a run stored if that is possible; else it is logged that it is not.</summary>
    /// <param name="run">The run.</param>
    /// <param name="save">Stores it.</param>
    /// <param name="logger">The log.</param>
    public static void TrySave(Run run, Action<Run> save, ILogger logger)
    {
        try
        {
            save(run);
        }
        catch (StageException error)
        {
            RunLog.Unstored(logger, run.Id, error.Message);
        }
    }

    /// <summary>The run that a folder holds; null where it holds none.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="JsonException">It is damaged.</exception>
    public static Run? Load(string folder)
    {
        try
        {
            return RunStateFile.Read(folder);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <summary>All runs, oldest first. What cannot be read is left out, and logged.</summary>
    public IReadOnlyList<Run> LoadAll()
    {
        var runs = Folders().Select(folder => TryLoad(Path.GetFileName(folder))).OfType<Run>();
        return [.. runs.OrderBy(run => run.Created).ThenBy(run => run.Id, StringComparer.Ordinal)];
    }

    /// <summary>The runs that are new or were stored again since they were loaded last. Of one caller at a time.</summary>
    /// <param name="wanted">Whether a run of this id is to be loaded now.</param>
    /// <exception cref="IOException">The folder of all runs cannot be read.</exception>
    public IReadOnlyList<Run> LoadChanged(Func<string, bool> wanted)
    {
        var changed = new List<Run>();
        foreach (var folder in Folders().Where(folder => wanted(Path.GetFileName(folder))))
        {
            // A rename sets the folder's time. It is taken before the run is read, so that what is stored meanwhile is read next time.
            var stored = Directory.GetLastWriteTimeUtc(folder);
            var seen = _seen.GetValueOrDefault(folder);
            if (seen == (stored, true) || TryLoad(Path.GetFileName(folder)) is not { } run)
                continue;
            _seen[folder] = (stored, Again: seen.Time == stored);
            changed.Add(run);
        }

        return changed;
    }

    private IEnumerable<string> Folders() =>
        Directory.EnumerateDirectories(Root).Where(folder => IdPattern().IsMatch(Path.GetFileName(folder)));

    /// <summary>A run as it is stored now; null where it cannot be read, which is logged. Of one caller at a time.</summary>
    public Run? TryLoad(string id)
    {
        var folder = FolderOf(id);
        try
        {
            // None: its orchestrator died between the folder and the file, and no client was told of this run.
            if (Load(folder) is not { } run)
                return null;
            if (run.Id == Path.GetFileName(folder))
            {
                _leftOut.Remove(folder);
                return run;
            }

            LeaveOut(folder, "it is of another run");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or JsonException)
        {
            LeaveOut(folder, error.Message);
        }

        return null;
    }

    // The file is read again each time, in a cluster every second, since it may be repaired; the same reason is logged once.
    private void LeaveOut(string folder, string reason)
    {
        if (_leftOut.GetValueOrDefault(folder) != reason)
            LogUnreadable(_logger, folder, reason);
        _leftOut[folder] = reason;
    }

    /// <summary>
    /// Deletes a run with all that is in its folder, which may take long after this has returned. What is left when this process ends, the next start
    /// deletes; after a loss of power the run may be there again.
    /// </summary>
    /// <exception cref="StageException">store_unwritable; the run is as it was.</exception>
    public void Delete(string id)
    {
        var leaving = Path.Combine(Root, Leaving + id);
        Write("the run's end", () =>
        {
            if (Directory.Exists(FolderOf(id)))
                Directory.Move(FolderOf(id), leaving);
        });
        _ = Task.Run(() => DeleteRest(leaving));
    }

    private void DeleteRest(string folder)
    {
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (DirectoryNotFoundException)
        {
            // Somebody has deleted it by hand.
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            LogUndeleted(_logger, folder, error.Message);
        }
    }

    /// <summary>Stores the speed of a run. Not durable: a crash may lose the latest points of a picture.</summary>
    public void SaveSpeed(string id, IReadOnlyList<SpeedPoint> points)
    {
        try
        {
            File.WriteAllBytes(SpeedPathOf(id), JsonSerializer.SerializeToUtf8Bytes(points, SpeedJson.Default.IReadOnlyListSpeedPoint));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            LogSpeedUnstored(_logger, SpeedPathOf(id), error.Message);
        }
    }

    /// <summary>The speed of a run as it was stored; empty where it cannot be read.</summary>
    public IReadOnlyList<SpeedPoint> LoadSpeed(string id)
    {
        try
        {
            return JsonSerializer.Deserialize(SharedFile.ReadAllBytes(SpeedPathOf(id)), SpeedJson.Default.IReadOnlyListSpeedPoint) ?? [];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or JsonException)
        {
            return [];
        }
    }

    public void Dispose() => _lock?.Dispose();

    private static T Access<T>(string what, string how, Func<T> access)
    {
        try
        {
            return access();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new StageException(FailureReasons.StoreUnwritable, $"{what} cannot be {how}: {error.Message}", inner: error);
        }
    }

    private string SpeedPathOf(string id) => Path.Combine(FolderOf(id), "speed.json");

    [GeneratedRegex(@"^\d{8}-\d{6}-[0-9a-f]{4}\z")]
    private static partial Regex IdPattern();

    [LoggerMessage(EventId = 3002, Level = LogLevel.Warning, Message = "{Path} cannot be written: {Reason}")]
    private static partial void LogSpeedUnstored(ILogger logger, string path, string reason);

    [LoggerMessage(EventId = 3003, Level = LogLevel.Warning, Message = "{Folder} of a deleted run cannot be deleted: {Reason}; the next start tries again")]
    private static partial void LogUndeleted(ILogger logger, string folder, string reason);

    [LoggerMessage(EventId = 3001, Level = LogLevel.Warning, Message = "{Folder} is left out: run.json cannot be read: {Reason}")]
    private static partial void LogUnreadable(ILogger logger, string folder, string reason);
}
