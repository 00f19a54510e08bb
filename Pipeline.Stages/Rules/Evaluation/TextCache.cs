using Pipeline.Stages.Core.Batching;

namespace Pipeline.Stages.Rules.Evaluation;

/// <summary>
/// The texts of one column over many frames: a frame's dictionary codes become ids that stay the same, so that what was found
/// out about a text is kept. Bounded: past the limit it forgets everything, and its generation tells so.
/// </summary>
internal sealed class TextCache : IDisposable
{
    private const int MaxTexts = 65_536;
    private const int MaxBytes = 8 << 20;

    private readonly TextIndex _texts = new();
    private string?[] _strings = [];
    private int[] _ids = [];

    /// <summary>Grows when ids are given anew.</summary>
    public int Generation { get; private set; }

    public int Count => _texts.Count;

    /// <summary>Whether it holds the texts of the frame at hand.</summary>
    public bool Loaded { get; private set; }

    /// <summary>Ids by code of the frame at hand.</summary>
    public ReadOnlySpan<int> Ids => _ids;

    public void Load(TextTable texts)
    {
        if (_texts.Count > MaxTexts || _texts.ByteLength > MaxBytes)
        {
            _texts.Clear();
            Array.Clear(_strings);
            Generation++;
        }

        if (_ids.Length < texts.Count)
            _ids = new int[Math.Max(texts.Count, _ids.Length * 2)];

        for (var code = 0; code < texts.Count; code++)
            _ids[code] = _texts.GetOrAdd(texts[code]);

        Loaded = true;
    }

    public void Unload() => Loaded = false;

    public string this[int id]
    {
        get
        {
            if (_strings.Length <= id)
                Array.Resize(ref _strings, Math.Max(id + 1, _strings.Length * 2));

            return _strings[id] ??= System.Text.Encoding.UTF8.GetString(_texts[id]);
        }
    }

    public void Dispose() => _texts.Dispose();
}
