using Microsoft.Win32.SafeHandles;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.Files;
using Pipeline.Stages.Core.Metrics;
using Pipeline.Stages.Sink.Lines;
using Pipeline.Stages.Sink.Output;

namespace Pipeline.Stages.Sink.Partials;

/// <summary>The partial result of a completed run over a slice, as it was completed.</summary>
internal sealed class PartialResult : IDisposable
{
    private readonly SafeFileHandle _file;
    private readonly (long Start, long End) _groups;

    private PartialResult(string folder, CompletionNote note, OutputFiles files, SafeFileHandle file, (long Start, long End) groups)
    {
        (Folder, _file, _groups) = (folder, file, groups);
        (Counts, Position) = (note.Completed.Counts, note.Last!.Position);
        WorkItems = new Piece(files.Results, groups.Start);
        Rejects = new Piece(files.Rejects, Math.Max(0, note.Rejects.Length));
    }

    /// <summary>The run's folder.</summary>
    public string Folder { get; }

    /// <summary>Of the slice.</summary>
    public Counts Counts { get; }

    /// <summary>Where the slice ends; totals count from where it begins.</summary>
    public Position Position { get; }

    /// <summary>Lines of the work items.</summary>
    public Piece WorkItems { get; }

    /// <summary>Lines of the rejects, counted from the slice's beginning.</summary>
    public Piece Rejects { get; }

    /// <summary>Opens the result of a run, and reads it once to see that it is whole.</summary>
    /// <param name="folder">The run's folder, as it came.</param>
    /// <param name="roots">Folders that may be read.</param>
    /// <param name="meter">Counts what is read.</param>
    /// <exception cref="StageException">checkpoint_corrupt: it is not whole; path_outside_roots.</exception>
    public static PartialResult Open(string folder, IReadOnlyList<string> roots, StageMeter meter)
    {
        var resolved = RootedPath.Require(folder, roots, "folder of a partial result");
        if (CompletionNote.TryRead(resolved) is not { Last.Position: not null } note)
            throw Damaged(folder, "its completion note is missing or damaged");

        var files = OutputFiles.Of(RootedPath.Require(note.Completed.Output, roots, "partial result"));
        if (!note.Results.Fits(files.Results, meter) || !note.Rejects.Fits(files.Rejects, meter))
            throw Damaged(folder, $"'{files.Results}' or its rejects file is missing, or has changed since the run was completed");

        var file = File.OpenHandle(files.Results, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        try
        {
            var groups = PartialFile.FindGroups(file)
                ?? throw Damaged(folder, $"'{files.Results}' is no partial result that this version can read");
            return new PartialResult(folder, note, files, file, groups);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Why a result cannot be merged.</summary>
    public static StageException Damaged(string folder, string how) =>
        new(FailureReasons.CheckpointCorrupt, $"The partial result of the run in '{folder}' cannot be merged: {how}. Start a new run.");

    /// <summary>Its groups, by key.</summary>
    /// <param name="blockBytes">Bytes read at once.</param>
    public SortedPart Groups(int blockBytes) => new(_file, _groups.Start, _groups.End, blockBytes);

    public void Dispose() => _file.Dispose();
}
