using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Win32.SafeHandles;
using Pipeline.Client.Runs;
using Pipeline.Contracts;
using Pipeline.Files;
using Pipeline.Orchestrator.Runs;

namespace Pipeline.Orchestrator.Partitions;

/// <summary>How the input of a partitioned run is split. It stays the same in all attempts: it lies in the run's folder, as plan.json.</summary>
/// <param name="Slices">The slices, in input order.</param>
/// <param name="Skipped">What lies in the input directory and is not read; null where there is nothing.</param>
internal sealed record PartitionPlan(IReadOnlyList<RunSlice> Slices, SkippedInput? Skipped)
{
    /// <summary>
    /// Least bytes of a slice where their number is not given. A slice costs some 70 ms of CPU time besides its work (a call and a ring to each stage,
    /// checkpoints, files), which is as much as 130 MB of events: with 256 MiB each, a run on two cores took 1.25 times as long as with 1.2 GB.
    /// </summary>
    public const long LeastAutoBytes = 256L << 20;

    /// <summary>Most bytes of a slice where their number is not given: what is left to do when the others are done.</summary>
    public const long MostAutoBytes = 4L << 30;

    private const int BlockBytes = 64 * 1024;
    private const byte LineEnd = (byte)'\n';

    /// <summary>Splits an input at the beginnings of lines. A file that is compressed stays whole; small files are joined to one slice.</summary>
    /// <param name="catalog">The input.</param>
    /// <param name="partitions">
    /// Slices that are wanted; 0 = auto. There are fewer where the input has too few lines, or files that stay whole; more, but never above
    /// <see cref="RunSettingsCheck.MaxPartitions"/>, where small files lie between large ones.
    /// </param>
    /// <param name="lanes">Slices that can be worked on at once: with auto there are so many, or a multiple of it.</param>
    /// <exception cref="StageException">It cannot be read.</exception>
    public static PartitionPlan Make(InputCatalog catalog, int partitions, int lanes)
    {
        var total = catalog.Files.Sum(file => file.Length);
        var count = partitions > 0 ? partitions : AutoCount(total, lanes);
        var wanted = Math.Max(1, (total + count - 1) / count);
        var slices = new List<RunSlice>();
        var joined = new List<SliceFile>();
        long joinedBytes = 0;
        var files = catalog.Files.Select(SliceFile.Of).ToList();
        for (var index = 0; index < files.Count; index++)
        {
            var cuts = CutsOf(catalog, index, wanted);
            if (cuts.Count > 0)
            {
                Join();
                var bounds = cuts.Prepend(0).Append(files[index].Length);
                slices.AddRange(bounds.Zip(bounds.Skip(1), (first, end) => new RunSlice([files[index]], first, end)));
                continue;
            }

            joined.Add(files[index]);
            joinedBytes += files[index].Length;
            if (joinedBytes >= wanted)
                Join();
        }

        Join();
        // Small files between large ones make slices of their own: with longer ones there are fewer.
        if (slices.Count > RunSettingsCheck.MaxPartitions)
            return Make(catalog, (int)(count * 3 / 4), lanes);
        return new PartitionPlan(slices, SkippedInput.Of(catalog.Skipped));

        void Join()
        {
            if (joined.Count > 0)
                slices.Add(new RunSlice([.. joined], 0, joined[^1].Length));
            joined.Clear();
            joinedBytes = 0;
        }
    }

    /// <summary>Reads the plan of a run; null where there is none yet.</summary>
    /// <exception cref="StageException">It cannot be read, or is damaged.</exception>
    public static PartitionPlan? Load(string folder)
    {
        var path = PathIn(folder);
        if (RunStore.Read("the run's plan", () => File.Exists(path) ? File.ReadAllBytes(path) : null) is not { } bytes)
            return null;
        try
        {
            return JsonSerializer.Deserialize(bytes, PlanJson.Default.PartitionPlan) ?? throw new JsonException("It holds no plan.");
        }
        catch (JsonException error)
        {
            throw new StageException(FailureReasons.CheckpointCorrupt, $"'{path}' is damaged: {error.Message} Start a new run.", inner: error);
        }
    }

    /// <summary>Makes it durable, unless another machine that took the run over has made one.</summary>
    /// <returns>The plan of the run.</returns>
    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be written.</exception>
    /// <exception cref="StageException">That of the other machine cannot be read.</exception>
    public PartitionPlan Save(string folder)
    {
        var bytes = JsonSerializer.SerializeToUtf8Bytes(this, PlanJson.Default.PartitionPlan);
        return DurableFiles.Private.TryCreate(PathIn(folder), bytes, "plan") ? this : Load(folder)!;
    }

    private static long AutoCount(long total, int lanes)
    {
        var rounds = Math.Max(1, (total + (lanes * MostAutoBytes) - 1) / (lanes * MostAutoBytes));
        return Math.Clamp(Math.Min(lanes * rounds, total / LeastAutoBytes), 1, RunSettingsCheck.MaxPartitions);
    }

    private static string PathIn(string folder) => Path.Combine(folder, "plan.json");

    // Beginnings of lines, about as far apart as slices are to be long; none where the file stays whole.
    private static List<long> CutsOf(InputCatalog catalog, int index, long wanted)
    {
        var length = catalog.Files[index].Length;
        // As many as come nearest to the length that is wanted: a file that is slightly longer stays whole.
        var parts = (length + (wanted / 2)) / wanted;
        var cuts = new List<long>();
        if (parts < 2)
            return cuts;
        var path = catalog.PathOf(index);
        try
        {
            if (GzipInput.Is(path))
                return cuts;
            using var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            for (var part = 1; part < parts; part++)
            {
                var cut = (long)((Int128)length * part / parts);
                if (cut <= (cuts.Count > 0 ? cuts[^1] : 0))
                    continue;
                cut = BeginningOfLine(handle, cut, length);
                if (cut == length)
                    break;
                cuts.Add(cut);
            }

            return cuts;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new StageException(FailureReasons.InputUnreadable, $"'{path}' cannot be read: {error.Message}", inner: error);
        }
    }

    // The first one at an offset or behind it; the file's length where there is none.
    private static long BeginningOfLine(SafeFileHandle handle, long offset, long length)
    {
        var block = new byte[BlockBytes];
        for (var at = offset - 1; at < length;)
        {
            var read = RandomAccess.Read(handle, block.AsSpan(0, (int)Math.Min(BlockBytes, length - at)), at);
            var end = block.AsSpan(0, read).IndexOf(LineEnd);
            if (end >= 0)
                return at + end + 1;
            if (read == 0)
                break;
            at += read;
        }

        return length;
    }
}

/// <summary>How it is stored.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(PartitionPlan))]
internal sealed partial class PlanJson : JsonSerializerContext;
