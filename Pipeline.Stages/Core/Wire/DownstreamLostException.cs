namespace Pipeline.Stages.Core.Wire;

/// <summary>A frame could not be written to the hop below. Why, the answer of the call tells better, if one comes.</summary>
internal sealed class DownstreamLostException(Exception inner) : IOException(inner.Message, inner);
