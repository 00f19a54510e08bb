namespace Pipeline.Stages.Rules.Evaluation;

/// <summary>What is known of entries.</summary>
/// <param name="hasResults">For a set rule.</param>
internal sealed class EntryTable(bool hasResults)
{
    private byte[] _states = [];
    private Result[] _results = [];

    /// <summary>By entry: what becomes of its rows, an <see cref="Outcome"/>.</summary>
    public byte[] States => _states;

    /// <summary>By entry: what it gave.</summary>
    public Result[] Results => _results;

    public void Grow(int entries)
    {
        var before = _states.Length;
        if (before >= entries)
            return;

        Array.Resize(ref _states, Math.Max(entries, before * 2));
        _states.AsSpan(before).Fill(Outcome.Unknown);
        if (hasResults)
            Array.Resize(ref _results, _states.Length);
    }
}
