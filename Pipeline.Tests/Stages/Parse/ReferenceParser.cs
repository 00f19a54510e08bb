using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Pipeline.Stages.Parse.Events;
using Pipeline.Stages.Parse.WorkItems;

namespace Pipeline.Tests.Stages.Parse;

/// <summary>Parse's rules implemented again over the framework's JSON, for clarity: the reference of the fuzz tests.</summary>
internal static class ReferenceParser
{
    private static readonly string[] EventFields = ["ts", "type", "user", "value"];
    private static readonly string[] ItemFields = ["id", "vectors", "matrix", "iterations"];

    /// <summary>The reason of a reject, or the text of the event or the work item.</summary>
    public static string Parse(byte[] line, Func<string, string, long, decimal, string> show)
    {
        if (!Utf8.IsValid(line))
            return "invalid_utf8";

        try
        {
            using var document = JsonDocument.Parse(line, new JsonDocumentOptions { MaxDepth = 64 });
            return HasLoneSurrogate(document.RootElement) ? "lone_surrogate" : Parse(document.RootElement, show);
        }
        catch (JsonException)
        {
            return "invalid_json";
        }
    }

    private static string Parse(JsonElement root, Func<string, string, long, decimal, string> show)
    {
        if (root.ValueKind != JsonValueKind.Object)
            return "not_an_object";

        var fields = root.EnumerateObject().ToLookup(p => p.Name, p => p.Value);
        var isItem = !EventFields.All(fields.Contains) && (fields.Contains("vectors") || fields.Contains("matrix"));
        var names = isItem ? ItemFields : EventFields;
        return names.Any(name => fields[name].Count() > 1) ? "duplicate_field"
            : !names.Except(["iterations"]).All(fields.Contains) ? "missing_field"
            : isItem ? Item(fields)
            : Event(fields, show);
    }

    private static string Event(ILookup<string, JsonElement> fields, Func<string, string, long, decimal, string> show)
    {
        var (ts, type, user, value) = (fields["ts"].Single(), fields["type"].Single(), fields["user"].Single(), fields["value"].Single());
        if (ts.ValueKind != JsonValueKind.String || ts.GetString() == "")
            return ts.ValueKind == JsonValueKind.String ? "empty_field" : "wrong_type";

        if (!Timestamp.TryParse(Encoding.UTF8.GetBytes(ts.GetString()!), out var millis))
            return "invalid_ts";

        if (type.ValueKind != JsonValueKind.String || type.GetString() == "")
            return type.ValueKind == JsonValueKind.String ? "empty_field" : "wrong_type";

        return user.ValueKind != JsonValueKind.String || value.ValueKind != JsonValueKind.Number ? "wrong_type"
            : Decimal(value.GetRawText()) is { } number ? show(type.GetString()!, user.GetString()!, millis, number)
            : "value_out_of_range";
    }

    private static string Item(ILookup<string, JsonElement> fields)
    {
        var (id, vectors, matrix) = (fields["id"].Single(), fields["vectors"].Single(), fields["matrix"].Single());
        if (id.ValueKind != JsonValueKind.String || id.GetString() == "")
            return id.ValueKind == JsonValueKind.String ? "empty_field" : "wrong_type";

        var rows = new List<double[]>();
        if (Rows(vectors, rows) is { } wrong)
            return wrong;

        if (rows.All(row => row.Length == 0))
            return "empty_field";

        if (WrongMatrix(matrix) is { } wrongMatrix)
            return wrongMatrix;

        var iterations = 500;
        if (fields.Contains("iterations"))
        {
            var given = fields["iterations"].Single();
            if (given.ValueKind != JsonValueKind.Number)
                return "wrong_type";

            if (Decimal(given.GetRawText()) is not { } whole || whole != decimal.Truncate(whole) || whole is < 0 or > 100_000)
                return "iterations_out_of_range";

            iterations = (int)whole;
        }

        var normalized = rows.SelectMany(row => Math.Sqrt(row.Aggregate(0.0, (sum, v) => sum + (v * v))) is var m && m == 0 ? row : row.Select(v => v / m));
        return VectorChecksum.Compute(normalized.ToArray(), iterations, CancellationToken.None).ToString("R", CultureInfo.InvariantCulture);
    }

    private static string? WrongMatrix(JsonElement matrix)
    {
        if (matrix.ValueKind != JsonValueKind.Object)
            return "wrong_type";

        string? verdict = "missing_field";
        var rows = new List<double[]>();
        foreach (var member in matrix.EnumerateObject().Where(p => p.Name == "rows"))
        {
            verdict = verdict is null ? "duplicate_field" : Rows(member.Value, rows);
            if (verdict is not null)
                return verdict;
        }

        return verdict ?? (rows.Select(row => row.Length).Distinct().Count() > 1 ? "not_rectangular" : null);
    }

    private static string? Rows(JsonElement array, List<double[]> rows)
    {
        if (array.ValueKind != JsonValueKind.Array)
            return "wrong_type";

        foreach (var row in array.EnumerateArray())
        {
            if (row.ValueKind != JsonValueKind.Object)
                return "wrong_type";

            var seen = 0;
            foreach (var member in row.EnumerateObject().Where(p => p.Name == "values"))
            {
                if (seen++ > 0)
                    return "duplicate_field";

                if (member.Value.ValueKind != JsonValueKind.Array)
                    return "wrong_type";

                foreach (var number in member.Value.EnumerateArray())
                {
                    if (number.ValueKind != JsonValueKind.Number)
                        return "wrong_type";

                    if (!(Math.Abs(double.Parse(number.GetRawText(), CultureInfo.InvariantCulture)) <= 1e100))
                        return "value_out_of_range";
                }

                rows.Add([.. member.Value.EnumerateArray().Select(n => double.Parse(n.GetRawText(), CultureInfo.InvariantCulture))]);
            }

            if (seen == 0)
                return "missing_field";
        }

        return null;
    }

    private static decimal? Decimal(string text)
    {
        var parts = text.ToLowerInvariant().Split('e');
        var exponent = parts.Length == 1 ? 0 : (int)BigInteger.Max(-100_000, BigInteger.Min(100_000, BigInteger.Parse(parts[1], CultureInfo.InvariantCulture)));
        var point = parts[0].IndexOf('.');
        exponent -= point < 0 ? 0 : parts[0].Length - point - 1;
        var mantissa = BigInteger.Parse(parts[0].Replace(".", ""), CultureInfo.InvariantCulture);
        if (mantissa.IsZero)
            return 0;

        for (; exponent < 0 && mantissa % 10 == 0; exponent++)
            mantissa /= 10;

        if (exponent is < -9 or > 18)
            return null;

        mantissa *= BigInteger.Pow(10, Math.Max(0, exponent));
        return BigInteger.Abs(mantissa) > long.MaxValue ? null : (decimal)mantissa / (decimal)BigInteger.Pow(10, Math.Max(0, -exponent));
    }

    private static bool HasLoneSurrogate(JsonElement element)
    {
        try
        {
            return element.ValueKind switch
            {
                JsonValueKind.String => element.GetString() is null,
                JsonValueKind.Array => element.EnumerateArray().Any(HasLoneSurrogate),
                JsonValueKind.Object => element.EnumerateObject().Any(p => p.Name is null || HasLoneSurrogate(p.Value)),
                _ => false,
            };
        }
        catch (InvalidOperationException)
        {
            return true;
        }
    }
}
