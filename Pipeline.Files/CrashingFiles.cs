namespace Pipeline.Files;

/// <summary>Reaches the <see cref="CrashPoints"/> before and after each operation on files.</summary>
internal sealed class CrashingFiles(IDurableFiles files) : IDurableFiles
{
    public IDurableFile Create(string path, string role) => new CrashingFile(Around(role, "create", () => files.Create(path, role)), role);

    public void Rename(string from, string to, string role) => Around(role, "rename", () => files.Rename(from, to, role));

    public bool TryRename(string from, string to, string role) => Around(role, "rename", () => files.TryRename(from, to, role));

    public void Delete(string path, string role) => Around(role, "delete", () => files.Delete(path, role));

    public void FlushFolder(string path, string role) => Around(role, "folder_flush", () => files.FlushFolder(path, role));

    private static void Around(string role, string moment, Action operation) => Around(role, moment, () =>
    {
        operation();
        return true;
    });

    private static T Around<T>(string role, string moment, Func<T> operation)
    {
        CrashPoints.Before(role, moment);
        var result = operation();
        CrashPoints.After(role, moment);
        return result;
    }

    private sealed class CrashingFile(IDurableFile file, string role) : IDurableFile
    {
        public void Append(ReadOnlySpan<byte> bytes)
        {
            CrashPoints.Before(role, "append");
            file.Append(bytes);
            CrashPoints.After(role, "append");
        }

        public void Flush() => Around(role, "flush", file.Flush);

        public void Dispose() => file.Dispose();
    }
}
