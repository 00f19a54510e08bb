namespace Pipeline.Files;

/// <summary>Reaches the <see cref="CrashPoints"/> before and after each operation on files.</summary>
internal sealed class CrashingFiles(IDurableFiles files) : IDurableFiles
{
    public IDurableFile Create(string path, string role)
    {
        CrashPoints.Before(role, "create");
        var file = new CrashingFile(files.Create(path, role), role);
        CrashPoints.After(role, "create");
        return file;
    }

    public void Rename(string from, string to, string role) => Around(role, "rename", () => files.Rename(from, to, role));

    public bool TryRename(string from, string to, string role)
    {
        var isNew = false;
        Around(role, "rename", () => isNew = files.TryRename(from, to, role));
        return isNew;
    }

    public void Delete(string path, string role) => Around(role, "delete", () => files.Delete(path, role));

    public void FlushFolder(string path, string role) => Around(role, "folder_flush", () => files.FlushFolder(path, role));

    private static void Around(string role, string moment, Action operation)
    {
        CrashPoints.Before(role, moment);
        operation();
        CrashPoints.After(role, moment);
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
