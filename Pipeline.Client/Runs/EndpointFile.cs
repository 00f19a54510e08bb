using System.Text.Json;
using System.Text.Json.Serialization;
using Pipeline.Files;
using Pipeline.ServiceDefaults.Hosting;
using Pipeline.ServiceDefaults.Security;

namespace Pipeline.Client.Runs;

/// <summary>Where clients on the same machine find the orchestrator.</summary>
/// <param name="Address">Of the HTTP API.</param>
/// <param name="Key">Of the pipeline.</param>
/// <param name="Pid">Of the orchestrator.</param>
/// <param name="Start">Of the orchestrator: its <see cref="ProcessIdentity.Start"/>, since the system uses ids again.</param>
public sealed record EndpointFile(string Address, string Key, int Pid, long Start)
{
    /// <summary>Environment variable of its path.</summary>
    public const string Variable = "PIPELINE_ENDPOINT_FILE";

    private const string Role = "endpoint";

    /// <summary>Its path: as the environment says, else below the user's runtime or state directory.</summary>
    /// <param name="environment">Reads a variable of the environment.</param>
    /// <exception cref="InvalidDataException">The user has neither: it holds the key, and must not lie where others can read it.</exception>
    public static string PathIn(Func<string, string?> environment)
    {
        if (environment(Variable) is { } path && !string.IsNullOrWhiteSpace(path))
            return Path.GetFullPath(path);
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        // As its specification says, a relative one is ignored: it would be another folder to each process.
        var folder = environment("XDG_RUNTIME_DIR") is { } runtime && Path.IsPathFullyQualified(runtime)
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
            if (FileStatus.Of(path)?.Special is { } kind)
                throw new IOException($"it is {kind}");
            var endpoint = JsonSerializer.Deserialize(SharedFile.ReadAllBytes(path), EndpointJson.Default.EndpointFile);
            if (endpoint?.Address is null || !SharedKeyOptions.IsKey(endpoint.Key)
                || !Uri.TryCreate(endpoint.Address, UriKind.Absolute, out var uri) || !uri.IsLoopback)
            {
                throw new InvalidDataException($"{path} is damaged: delete it, and start the pipeline again");
            }

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

    /// <summary>Why an orchestrator that starts cannot write its endpoint file there, as far as that is known without trying; null: it can.</summary>
    public static string? WhyTaken(string path)
    {
        try
        {
            // A rename would replace a link, not what it leads to.
            if (!Path.EndsInDirectorySeparator(path) && new FileInfo(path).LinkTarget is null)
            {
                return Read(path) is { } other && new ProcessIdentity(other.Pid, other.Start).IsAlive && other.Pid != Environment.ProcessId
                    ? $"{path} is that of another pipeline, at {other.Address} (process {other.Pid}); set {Variable} to another path"
                    : null;
            }
        }
        catch (InvalidDataException)
        {
            // It is something else.
        }

        return $"{path} is no endpoint file and stays as it is; set {Variable} to another path";
    }

    /// <summary>
    /// Writes it, whole or not at all, for this user's eyes only. Replaces no file but an endpoint file whose orchestrator has ended.
    /// </summary>
    /// <exception cref="InvalidDataException">Something else stands there, or the endpoint file of another orchestrator that is up.</exception>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void Write(string path)
    {
        if (WhyTaken(path) is { } reason)
            throw new InvalidDataException(reason);

        PrivateFile.CreateFolder(Path.GetDirectoryName(path)!);
        try
        {
            DurableFiles.Private.Replace(path, JsonSerializer.SerializeToUtf8Bytes(this, EndpointJson.Default.EndpointFile), Role, $"{Pid}");
        }
        catch
        {
            // It holds the key.
            DurableFiles.Private.Delete($"{path}.{Pid}.tmp", Role);
            throw;
        }
    }

    /// <summary>Removes it, unless another orchestrator has written its own.</summary>
    public void Remove(string path)
    {
        if (Read(path) == this)
            DurableFiles.Private.Delete(path, Role);
    }
}

/// <summary>How it is written.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(EndpointFile))]
public sealed partial class EndpointJson : JsonSerializerContext;
