using System.Text;
using Pipeline.Stages.Core.Batching;

namespace Pipeline.Stages.Rules.Evaluation;

/// <summary>
/// The texts of one column over many frames: a frame's dictionary codes become ids that stay the same, so that what was found
/// out about a text is kept. Bounded: past the limit it forgets everything, and its generation tells so.
/// </summary>
internal sealed class TextIds : IDisposable
{
    private readonly TextIndex _texts = new();
    private string?[] _strings = [];
    private int[] _ids = [];
    private bool _isLoaded;

    /// <summary>Grows when ids are given anew.</summary>
    public int Generation { get; private set; }

    public int Count => _texts.Count;

    /// <summary>Ids by code of the frame at hand.</summary>
    public int[] Of(TextTable texts)
    {
        if (!_isLoaded)
            Load(texts);

        return _ids;
    }

    /// <summary>A row's text.</summary>
    public string Read(EventColumn column, int row)
    {
        var id = Of(column.Texts!)[column.ReadCode(row)];
        if (_strings.Length <= id)
            Array.Resize(ref _strings, Math.Max(Count, _strings.Length * 2));

        return _strings[id] ??= Encoding.UTF8.GetString(_texts[id]);
    }

    public void Unload() => _isLoaded = false;

    public void Dispose() => _texts.Dispose();

    private void Load(TextTable texts)
    {
        if (ResultEvaluator.AreTooMany(_texts))
        {
            _texts.Clear();
            Array.Clear(_strings);
            Generation++;
        }

        if (_ids.Length < texts.Count)
            _ids = new int[Math.Max(texts.Count, _ids.Length * 2)];

        for (var code = 0; code < texts.Count; code++)
            _ids[code] = _texts.GetOrAdd(texts[code]);

        _isLoaded = true;
    }
}
