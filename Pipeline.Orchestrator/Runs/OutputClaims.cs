using Pipeline.Client.Runs;
using Pipeline.Files;

namespace Pipeline.Orchestrator.Runs;

/// <summary>Decides whether a run may write its results and rejects where it is to, and read what it is to.</summary>
/// <param name="own">Where Pipeline keeps its own data: no output lies there but that of a run without one of its own, and no input directory holds it.</param>
/// <param name="runs">All runs.</param>
/// <param name="resolve">
/// Resolves the links of a path, and returns null where they lead in circles or a directory cannot be read; null = as
/// <see cref="RootedPath.TryResolve"/>. It may block for as long as the file system does.
/// </param>
internal sealed class OutputClaims(IReadOnlyList<string> own, Func<IReadOnlyList<Run>> runs, Func<string, string?>? resolve = null)
{
    private readonly Func<string, string?> _resolve = resolve ?? RootedPath.TryResolve;

    /// <summary>Claims the output of a run that starts, or starts again.</summary>
    /// <param name="output">Where its results go.</param>
    /// <param name="settings">Its settings.</param>
    /// <param name="resumed">
    /// The run where it is not new. A file that stands there and has no record may be its own: its Sink finds out before it publishes.
    /// </param>
    /// <returns>Whether files that stand there may be replaced. What the run has published itself Sink knows by its bytes, and replaces in any case.</returns>
    /// <exception cref="RunConflictException">The output is in use, or a file stands there that may not be replaced.</exception>
    public bool Claim(string output, RunSettings settings, Run? resumed)
    {
        if (FilesOf(output) is not { } files)
            throw new RunConflictException($"output '{output}' cannot be resolved: a link leads in circles, or a directory cannot be read");
        if (own.Any(folder => SameFile.IsUnder(files.Results, folder)))
        {
            throw new RunConflictException(
                $"output '{output}' lies where Pipeline keeps its own data; name another one, or none to have the results in the run's own folder");
        }

        RefuseTaken(files, exceptFor: resumed?.Id);
        var standing = files.Named.Where(file => File.Exists(file.Path)).ToList();
        if (standing.Count == 0 || settings.Overwrite)
            return settings.Overwrite;
        var replaces = true;
        foreach (var (name, path) in standing)
        {
            var owner = WriterOf(path, files.Results);
            if (owner is null && resumed is null)
                throw new RunConflictException(OutputFiles.Refusal(name, path));
            // Its own record is stored with the end of the last attempt, and the end of the run after that: a death in between leaves it.
            if (resumed is not null && owner?.Ended > resumed.Created && owner.Id != resumed.Id)
                throw new RunConflictException($"run {owner.Id}, which came later, has written {path}: move it away, then resume");
            // Sink renames the results last: while recorded ones stand there, rejects without a record may be what it has renamed already.
            replaces &= owner is not null || (resumed is { MayReplace: true } && standing.Count > 1 && path == files.Rejects);
        }

        return replaces;
    }

    /// <summary>Refuses an input directory that contains Pipeline's own data or lies within it: states and results of runs would be read as events.</summary>
    /// <exception cref="RunConflictException">It does.</exception>
    public void RequireApart(string input)
    {
        if (_resolve(input) is not { } source || !Directory.Exists(source))
            return;
        var kept = own.FirstOrDefault(folder => Directory.Exists(folder) && (SameFile.IsUnder(folder, source) || SameFile.IsUnder(source, folder)));
        if (kept is not null)
            throw new RunConflictException($"input directory '{input}' would be read with what Pipeline keeps in '{kept}'; name another directory, or a file");
    }

    private void RefuseTaken(OutputFiles files, string? exceptFor)
    {
        foreach (var other in runs().Where(run => run.State.IsActive() && run.Id != exceptFor))
        {
            if (FilesOf(other.Output) is { } others && files.Overlaps(others))
                throw new RunConflictException($"run {other.Id} is writing {other.Output} and its rejects: wait for it, or cancel it");
            if (_resolve(other.Input) is { } input && files.Named.Any(file => SameFile.IsUnder(file.Path, input)))
                throw new RunConflictException($"run {other.Id} is reading {other.Input}: wait for it, or cancel it");
        }
    }

    private Run? WriterOf(string path, string results) => WrittenFile.Read(path) is not { } now ? null : runs().FirstOrDefault(
        run => run.Written.Any(file => file.Is(now)) && _resolve(run.Output) is { } other && SameFile.Is(other, results));

    private OutputFiles? FilesOf(string output) => _resolve(output) is { } results ? OutputFiles.Of(results) : null;
}
