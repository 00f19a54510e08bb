using Microsoft.AspNetCore.Components.Forms;
using Microsoft.JSInterop;
using Pipeline.Files;
using Pipeline.Orchestrator.Runs;

namespace Pipeline.Orchestrator.Web;

/// <summary>Takes files from browsers into the data directory, to be read by runs.</summary>
internal sealed class Uploads(RunStore store)
{
    /// <summary>Largest file.</summary>
    public const long MaxBytes = 1L << 30;

    /// <summary>Folder of the data directory with what was uploaded.</summary>
    public const string Folder = "uploads";

    private const int BufferBytes = 1 << 16;
    private const string Role = "upload";

    /// <summary>Saves a file under its name, or one like it where that is taken; appears when it is complete.</summary>
    /// <param name="file">The browser's file.</param>
    /// <param name="progress">Is told which share of it has come: 0 to 1.</param>
    /// <param name="cancellationToken">Ends the upload; nothing is left of it then.</param>
    /// <returns>Where it is.</returns>
    /// <exception cref="IOException">It is too large or no input by its name, the browser cannot read it, or it cannot be written.</exception>
    public async Task<string> SaveAsync(IBrowserFile file, Action<double> progress, CancellationToken cancellationToken)
    {
        var name = Path.GetFileName(file.Name.Replace('\\', '/'));
        if (!InputNames.IsInput(name))
            throw new IOException($"'{name}' is no input by its name: .ndjson, .jsonl, .json, plain or .gz");
        if (file.Size > MaxBytes)
            throw new IOException($"'{name}' is larger than {MaxBytes} bytes: copy it to a folder that runs may read");
        var folder = store.CreatePrivateFolder(Folder).FullName;
        var unfinished = Path.Combine(folder, $".{Guid.NewGuid():N}");
        try
        {
            await using (var source = file.OpenReadStream(MaxBytes, cancellationToken))
            await using (var target = new FileStream(unfinished, FileMode.CreateNew, FileAccess.Write))
            {
                var buffer = new byte[BufferBytes];
                while (await source.ReadAsync(buffer, cancellationToken) is > 0 and var length)
                {
                    await target.WriteAsync(buffer.AsMemory(0, length), cancellationToken);
                    progress(file.Size == 0 ? 1 : (double)target.Length / file.Size);
                }
            }

            return MoveToFreeName(unfinished, folder, name);
        }
        catch (Exception error)
        {
            DurableFiles.Private.Delete(unfinished, Role);
            // The browser reads no file that was changed or deleted since it was chosen, and tells it as one of these.
            if (error is InvalidOperationException or JSException)
                throw new IOException($"'{name}' could not be read by the browser; was it written to meanwhile? {error.Message}", error);
            throw;
        }
    }

    /// <summary>Whether a file of the folder is an upload that is not complete.</summary>
    public static bool IsUnfinished(string name) => name is ['.', .. var id] && Guid.TryParseExact(id, "N", out _);

    private static string MoveToFreeName(string unfinished, string folder, string name)
    {
        for (var number = 1; ; number++)
        {
            // Before the first dot, so that "events.ndjson.gz" keeps both its extensions.
            var dot = name.IndexOf('.', StringComparison.Ordinal);
            var path = Path.Combine(folder, number == 1 ? name : $"{name[..dot]}-{number}{name[dot..]}");
            if (DurableFiles.Private.TryRename(unfinished, path, Role))
                return path;
        }
    }
}
