using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.Files;
using Pipeline.Stages.Core.Metrics;

namespace Pipeline.Stages.Sink.Output;

/// <summary>Where everything goes, checked before anything starts.</summary>
internal sealed class OutputPlan
{
    private static readonly string[] OwnNames = ["run.json", "completed"];
    private static readonly string[] OwnPrefixes = ["claim.", "checkpoint."];

    private readonly OutputFiles _files;

    private OutputPlan(OpenRun open, IReadOnlyList<string> roots)
    {
        _files = OutputFiles.Of(RootedPath.Require(open.Options.Output, roots, "output"));
        WorkFolder = RootedPath.Require(open.Options.WorkDirectory, roots, "work directory");
        Folder = Path.GetDirectoryName(Results) ?? Results;
        UnfinishedResults = Unfinished(Results, open);
        UnfinishedRejects = Unfinished(Rejects, open);
        WithMin = open.Options.ExtraAggregates.Contains("min");
        WithMax = open.Options.ExtraAggregates.Contains("max");
        IsPartial = open.Options.Slice is not null;
        Partials = [.. open.Options.Partials];
    }

    /// <summary>The finished results, links resolved.</summary>
    public string Results => _files.Results;

    /// <summary>The finished rejects, beside them.</summary>
    public string Rejects => _files.Rejects;

    /// <summary>The folder of both.</summary>
    public string Folder { get; }

    /// <summary>The results while they are put together: in the same folder, so that a rename brings them into place.</summary>
    public string UnfinishedResults { get; }

    /// <summary>The same for the rejects.</summary>
    public string UnfinishedRejects { get; }

    /// <summary>The run's own folder: claims, checkpoints, segments.</summary>
    public string WorkFolder { get; }

    /// <summary>Whether groups tell their least value.</summary>
    public bool WithMin { get; }

    /// <summary>Whether groups tell their greatest value.</summary>
    public bool WithMax { get; }

    /// <summary>Whether the run reads a slice of an input: its results are to be merged with others.</summary>
    public bool IsPartial { get; }

    /// <summary>Folders of the runs whose partial results are merged, in order of the input; empty where this run has an input of its own.</summary>
    public IReadOnlyList<string> Partials { get; }

    /// <summary>Checks paths and options; makes the run's folder.</summary>
    /// <exception cref="StageException">Something is wrong with them.</exception>
    public static OutputPlan For(OpenRun open, IReadOnlyList<string> roots)
    {
        if (open.RunId.Length is 0 or > 64 || !open.RunId.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-'))
            throw Invalid($"run id '{open.RunId}' is not 1 to 64 of [A-Za-z0-9._-].");

        if (open.Options.ExtraAggregates.FirstOrDefault(name => name is not ("min" or "max")) is { } unknown)
            throw Invalid($"extra aggregate '{unknown}' is neither 'min' nor 'max'.");

        var plan = new OutputPlan(open, roots);
        if (OutputFiles.IsOtherwiseCompressed(plan.Results))
            throw Invalid($"output '{plan.Results}' has the extension of a compression that is not supported; name it .gz, or without.");

        if (plan.IsPartial && plan.Partials.Count > 0)
            throw Invalid("a run either reads a slice or merges partial results.");

        if (plan.IsPartial && OutputFiles.IsCompressed(plan.Results))
            throw Invalid($"output '{plan.Results}' is a partial result, which is not compressed; name it without .gz.");

        plan.RequireApart(open.Options.Input);
        return plan;
    }

    /// <summary>Sees that the output can be put where it is to go, as far as that can be seen without writing.</summary>
    public void RequireFolders()
    {
        foreach (var (name, file) in _files.Named)
        {
            if (Directory.Exists(file))
                throw Unwritable($"{name} '{file}' is a folder; name another output.");

            if (FileStatus.Of(file)?.Special is { } kind)
                throw Unwritable($"{name} '{file}' is {kind}, and would be replaced by a file; name another output.");
        }

        if (!Directory.Exists(Folder))
            throw Unwritable($"folder '{Folder}' of the output does not exist; create it first.");

        Directory.CreateDirectory(WorkFolder);
    }

    /// <summary>Requires that nothing stands at the outputs but what this run has published itself.</summary>
    /// <param name="results">The run's results; none before they are written.</param>
    /// <param name="rejects">The run's rejects; none before they are written.</param>
    /// <param name="meter">Counts what is read for that.</param>
    /// <exception cref="StageException">Another file stands there.</exception>
    public void RequireFree(FinishedFile results, FinishedFile rejects, StageMeter meter)
    {
        foreach (var ((_, path), own) in _files.Named.Zip([results, rejects]))
        {
            if (File.Exists(path) && !own.Fits(path, meter))
                throw Exists(path);
        }
    }

    /// <summary>The failure where another file stands at one of the outputs.</summary>
    public StageException Exists(string path) =>
        new(FailureReasons.OutputExists, OutputFiles.Refusal(_files.Named.First(file => file.Path == path).Name, path));

    /// <summary>Clears away what earlier attempts left unfinished beside the output, and sees that it can be written.</summary>
    public void Prepare(IDurableFiles files, long attempt, string runId)
    {
        var leftovers = new[] { Results, Rejects }.SelectMany(file => NumberedFiles.In(Folder, UnfinishedPrefix(file, runId), ".tmp"));
        foreach (var (path, _) in leftovers.Where(file => file.Number < attempt).ToList())
            files.Delete(path, "leftover");

        try
        {
            foreach (var file in new[] { UnfinishedResults, UnfinishedRejects })
            {
                files.Create(file, "probe").Dispose();
                files.Delete(file, "probe");
            }
        }
        catch (UnauthorizedAccessException failure)
        {
            throw new StageException(
                FailureReasons.OutputUnwritable, $"folder '{Folder}' of the output cannot be written to: {failure.Message}", inner: failure);
        }
    }

    private void RequireApart(string input)
    {
        var name = Path.GetFileName(Results);
        if (HasOwnName(name) && SameFile.Is(Folder, WorkFolder))
            throw Invalid($"output '{Results}' has a name that the run needs itself in its folder.");

        if (!Path.IsPathFullyQualified(input))
            return;

        string source;
        try
        {
            source = RootedPath.Resolve(input);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // The first stage is the one to say what is wrong with the input.
            return;
        }

        if (SameFile.Is(source, Results) || SameFile.Is(source, Rejects))
            throw Invalid($"output '{Results}' (with its rejects '{Rejects}') is the input itself.");

        if (!SameFile.IsUnder(Results, WorkFolder) && new OutputFiles(Results, Rejects).AreInputOf(source))
            throw Invalid($"output '{Results}' lies in the input folder '{source}' and would be read as input; name another folder.");
    }

    // Whatever its case: to the file systems of Windows and macOS RUN.JSON is run.json.
    private static bool HasOwnName(string name) =>
        OwnNames.Contains(name, StringComparer.OrdinalIgnoreCase)
        || OwnPrefixes.Any(prefix => name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase))
        || name.EndsWith(".part", StringComparison.OrdinalIgnoreCase);

    private static string UnfinishedPrefix(string path, string runId) => $".{Path.GetFileName(path)}.{runId}.";

    private static string Unfinished(string path, OpenRun open) =>
        Path.Join(Path.GetDirectoryName(path), $"{UnfinishedPrefix(path, open.RunId)}{open.Attempt}.tmp");

    private static StageException Invalid(string message) => new(FailureReasons.InvalidOptions, message);

    private static StageException Unwritable(string message) => new(FailureReasons.OutputUnwritable, message);
}
