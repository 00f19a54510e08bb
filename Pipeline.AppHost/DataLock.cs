namespace Pipeline.AppHost;

/// <summary>Reserves a data directory for one AppHost at a time.</summary>
internal static class DataLock
{
    /// <summary>Takes the lock. The operating system releases it when this process ends, however it ends.</summary>
    /// <param name="data">The data directory.</param>
    /// <returns>Holds the lock until it is disposed.</returns>
    /// <exception cref="PipelineException">Another AppHost has it.</exception>
    public static IDisposable Take(string data)
    {
        var path = Path.Combine(data, "apphost.lock");
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException) when (File.Exists(path))
        {
            throw new PipelineException($"data directory '{data}' is in use by another AppHost; --Pipeline:Data=DIR takes another");
        }
    }
}
