using System.ComponentModel.DataAnnotations;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Pipeline.ServiceDefaults.Configuration;

/// <summary>Options whose ranges stand as attributes on their properties.</summary>
public static class RangeValidation
{
    /// <summary>
    /// Checks the attributes at start, of nested options too where they carry <see cref="ValidateObjectMembersAttribute"/>; all errors at
    /// once, each a line.
    /// </summary>
    public static OptionsBuilder<T> ValidateRanges<T>(this OptionsBuilder<T> builder, string section = "")
        where T : class
    {
        builder.Services.AddSingleton<IValidateOptions<T>>(new Validation<T>(section));
        return builder.ValidateOnStart();
    }

    /// <summary>The options, or false where they are wrong: for what is set up before the start, which will say what is wrong with them.</summary>
    internal static bool TryGetValue<T>(this IOptions<T> options, [NotNullWhen(true)] out T? value)
        where T : class
    {
        try
        {
            value = options.Value;
            return true;
        }
        catch (Exception exception) when (exception is OptionsValidationException or InvalidOperationException)
        {
            value = null;
            return false;
        }
    }

    /// <summary>Every error of some options.</summary>
    /// <param name="options">The options.</param>
    /// <param name="path">Where they stand in the configuration.</param>
    public static IEnumerable<string> Errors(object options, string path)
    {
        var results = new List<ValidationResult>();
        Validator.TryValidateObject(options, new ValidationContext(options), results, validateAllProperties: true);
        var nested = options.GetType().GetProperties()
            .Where(property => property.GetCustomAttribute<ValidateObjectMembersAttribute>() is not null);
        return results
            .Select(result => Describe(result, options, path))
            .Concat(nested.SelectMany(property => property.GetValue(options) is { } value
                ? Errors(value, path.Length == 0 ? property.Name : $"{path}:{property.Name}")
                : []));
    }

    // The attribute's own words lack the value.
    private static string Describe(ValidationResult result, object options, string path)
    {
        var property = result.MemberNames.FirstOrDefault() is { } name ? options.GetType().GetProperty(name) : null;
        var value = property?.GetValue(options);
        if (property?.GetCustomAttribute<RangeAttribute>() is not { ErrorMessage: null } range || range.IsValid(value))
            return path.Length == 0 ? result.ErrorMessage! : $"{path}: {result.ErrorMessage}";
        var place = path.Length == 0 ? property.Name : $"{path}:{property.Name}";
        return string.Create(CultureInfo.InvariantCulture, $"{place} must be {range.Minimum} to {range.Maximum}, not {value}");
    }

    private sealed class Validation<T>(string section) : IValidateOptions<T>
        where T : class
    {
        public ValidateOptionsResult Validate(string? name, T options) =>
            Errors(options, section).ToList() is { Count: > 0 } errors ? ValidateOptionsResult.Fail(errors) : ValidateOptionsResult.Success;
    }
}
