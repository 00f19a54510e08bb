using System.Text.Json;
using System.Text.Json.Serialization;
using Pipeline.Files;

namespace Pipeline.Client.Runs;

/// <summary>Where clients on the same machine find the orchestrator.</summary>
/// <param name="Address">Of the HTTP API.</param>
/// <param name="Key">Of the pipeline.</param>
/// <param name="Pid">Of the orchestrator.</param>
public sealed record EndpointFile(string Address, string Key, int Pid)
{
    /// <summary>Environment variable of its path.</summary>
    public const string Variable = "PIPELINE_ENDPOINT_FILE";

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const string Role = "endpoint";

    /// <summary>Its path: as the environment says, else below the user's runtime or state directory.</summary>
    /// <param name="environment">Reads a variable of the environment.</param>
    /// <exception cref="InvalidDataException">The user has neither: it holds the key, and must not lie where others can read it.</exception>
    public static string PathIn(Func<string, string?> environment)
    {
        if (environment(Variable) is { Length: > 0 } path)
            return Path.GetFullPath(path);
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        var folder = environment("XDG_RUNTIME_DIR") is { Length: > 0 } runtime
            ? runtime
            : Path.IsPathFullyQualified(home)
                ? Path.Combine(home, ".local", "state")
                : throw new InvalidDataException(
                    $"there is no home directory for the endpoint file: set {Variable} to a path that only you can read");
        return Path.Combine(folder, "pipeline", "endpoint.json");
    }

    /// <summary>Reads it; null where no orchestrator has left one.</summary>
    /// <exception cref="InvalidDataException">It is damaged, or not to be read.</exception>
    public static EndpointFile? Read(string path)
    {
        try
        {
            // Reading a FIFO would wait for a writer.
            if (FileStatus.DescribeSpecial(path) is { } kind)
                throw new IOException($"it is {kind}");
            var endpoint = JsonSerializer.Deserialize(File.ReadAllBytes(path), EndpointJson.Default.EndpointFile);
            if (endpoint?.Address is null || endpoint.Key is null || !Uri.TryCreate(endpoint.Address, UriKind.Absolute, out var uri) || !uri.IsLoopback)
                throw new InvalidDataException($"{path} is damaged: delete it, and start the pipeline again");
            return endpoint;
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"{path} is no endpoint file; set {Variable} to another path", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new InvalidDataException($"{path} cannot be read: {error.Message}", error);
        }
    }

    /// <summary>Writes it, whole or not at all, for this user's eyes only. Replaces no file but another endpoint file.</summary>
    /// <exception cref="InvalidDataException">Something else stands there.</exception>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void Write(string path)
    {
        // A rename would replace a link, not what it leads to.
        if (Path.EndsInDirectorySeparator(path) || new FileInfo(path).LinkTarget is not null || !IsFree(path))
            throw new InvalidDataException($"{path} is no endpoint file and stays as it is; set {Variable} to another path");

        var folder = Path.GetDirectoryName(path)!;
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(folder);
        else
            Directory.CreateDirectory(folder, OwnerOnly);
        var unfinished = $"{path}.{Pid}.tmp";
        // What is left of a former process of this id may have another mode.
        File.Delete(unfinished);
        try
        {
            using (var file = DurableFiles.Private.Create(unfinished, Role))
            {
                file.Append(JsonSerializer.SerializeToUtf8Bytes(this, EndpointJson.Default.EndpointFile));
                file.Flush();
            }

            DurableFiles.Private.Rename(unfinished, path, Role);
        }
        catch
        {
            // It holds the key.
            File.Delete(unfinished);
            throw;
        }
    }

    private static bool IsFree(string path)
    {
        try
        {
            _ = Read(path);
            return true;
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }

    /// <summary>Removes it, unless a later orchestrator has written its own.</summary>
    public void Remove(string path)
    {
        if (Read(path) is { } written && written.Pid == Pid)
            File.Delete(path);
    }
}

/// <summary>How it is written.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(EndpointFile))]
public sealed partial class EndpointJson : JsonSerializerContext;
