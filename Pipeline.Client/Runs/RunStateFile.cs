using System.Globalization;
using System.Text.Json;
using Pipeline.Files;

namespace Pipeline.Client.Runs;

/// <summary>The file in a run's folder that holds its state, as <see cref="RunJson"/> writes it.</summary>
public static class RunStateFile
{
    private const string Prefix = "run.";
    private const string Suffix = ".json";

    /// <summary>The file that an owner of the run writes: run.N.json, so that one that has lost the run overwrites nothing of its successor.</summary>
    /// <param name="folder">The run's folder.</param>
    /// <param name="owner">Number of the owner, from 1; 0 = the run has none, as outside a cluster: run.json.</param>
    public static string PathIn(string folder, long owner = 0) =>
        Path.Join(folder, owner == 0 ? "run.json" : string.Create(CultureInfo.InvariantCulture, $"{Prefix}{owner}{Suffix}"));

    /// <summary>The file that counts: that of the highest owner.</summary>
    /// <param name="folder">The run's folder.</param>
    /// <exception cref="IOException">The folder is not there or cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be read.</exception>
    public static string LatestIn(string folder) =>
        PathIn(folder, NumberedFiles.Highest(folder, Prefix, Suffix));

    /// <summary>The run in a folder; null where the file holds none.</summary>
    /// <param name="folder">The run's folder.</param>
    /// <exception cref="IOException">Folder or file are not there, or cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">They may not be read.</exception>
    /// <exception cref="JsonException">The file is damaged.</exception>
    public static Run? Read(string folder) => JsonSerializer.Deserialize(SharedFile.ReadAllBytes(LatestIn(folder)), RunJson.Default.Run);
}
