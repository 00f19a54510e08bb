namespace Pipeline.Stages.Parse.Lines;

/// <summary>What a line is: an event, a work item, or a reject and why. docs/rejects.md explains the reasons.</summary>
internal enum Verdict
{
    Event,
    WorkItem,
    InvalidUtf8,
    InvalidJson,
    LoneSurrogate,
    NotAnObject,
    DuplicateField,
    MissingField,
    WrongType,
    EmptyField,
    InvalidTs,
    ValueOutOfRange,
    TypeNotAllowed,
    NotRectangular,
    IterationsOutOfRange,
    TooManyValues,
}

internal static class Verdicts
{
    /// <summary>The reason as it stands in a reject.</summary>
    public static string Reason(this Verdict verdict) => verdict switch
    {
        Verdict.InvalidUtf8 => "invalid_utf8",
        Verdict.InvalidJson => "invalid_json",
        Verdict.LoneSurrogate => "lone_surrogate",
        Verdict.NotAnObject => "not_an_object",
        Verdict.DuplicateField => "duplicate_field",
        Verdict.MissingField => "missing_field",
        Verdict.WrongType => "wrong_type",
        Verdict.EmptyField => "empty_field",
        Verdict.InvalidTs => "invalid_ts",
        Verdict.ValueOutOfRange => "value_out_of_range",
        Verdict.TypeNotAllowed => "type_not_allowed",
        Verdict.NotRectangular => "not_rectangular",
        Verdict.IterationsOutOfRange => "iterations_out_of_range",
        Verdict.TooManyValues => "too_many_values",
        _ => throw new ArgumentOutOfRangeException(nameof(verdict), verdict, "Not a reject."),
    };
}
