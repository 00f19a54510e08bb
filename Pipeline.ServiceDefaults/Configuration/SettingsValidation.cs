using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Reflection;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Pipeline.ServiceDefaults.Configuration;

/// <summary>Checks a section of the configuration against the class that it is bound to, whose ranges stand as attributes on its properties.</summary>
public static class SettingsValidation
{
    /// <summary>Binds options to their section, and checks them and the section at start.</summary>
    public static OptionsBuilder<T> BindSettings<T>(this OptionsBuilder<T> builder, string section)
        where T : class => builder.BindConfiguration(section).ValidateSettings(section);

    /// <summary>
    /// Checks the attributes at start, of nested options too where they carry <see cref="ValidateObjectMembersAttribute"/>, and that the section, if
    /// there is one, holds nothing else; all errors at once, each a line.
    /// </summary>
    internal static OptionsBuilder<T> ValidateSettings<T>(this OptionsBuilder<T> builder, string section = "")
        where T : class
    {
        builder.Services.AddSingleton<IValidateOptions<T>>(services => new Validation<T>(section, services.GetRequiredService<IConfiguration>()));
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
        var context = new ValidationContext(options);
        if (!Validator.TryValidateObject(options, context, results, validateAllProperties: true) && options is IValidatableObject whole)
        {
            // TryValidateObject leaves IValidatableObject out where an attribute has failed.
            results = [.. results.Concat(whole.Validate(context)).DistinctBy(result => result.ErrorMessage)];
        }

        var nested = options.GetType().GetProperties()
            .Where(property => property.GetCustomAttribute<ValidateObjectMembersAttribute>() is not null);
        return results
            .Select(result => Describe(result, options, path))
            .Concat(nested.SelectMany(property => property.GetValue(options) is { } value
                ? Errors(value, path.Length == 0 ? property.Name : $"{path}:{property.Name}")
                : []));
    }

    /// <summary>What binding would pass over in silence: names that are no setting, and a value where a section or a list belongs.</summary>
    /// <param name="section">Where the options stand.</param>
    /// <param name="type">The options.</param>
    /// <param name="isShared">Whether names that are no setting of these options may stand in the section itself.</param>
    public static IEnumerable<string> Ignored(IConfigurationSection section, Type type, bool isShared = false)
    {
        if (IsValue(section))
            yield return NoValue(section);
        var properties = type.GetProperties().Where(property => property.CanWrite).ToDictionary(property => property.Name, StringComparer.OrdinalIgnoreCase);
        foreach (var child in section.GetChildren())
        {
            if (!properties.TryGetValue(child.Key, out var property))
            {
                if (!isShared)
                    yield return $"{child.Path} is no setting; there are {string.Join(", ", properties.Keys)}";
            }
            else if (!TypeDescriptor.GetConverter(property.PropertyType).CanConvertFrom(typeof(string)))
            {
                if (IsValue(child))
                    yield return NoValue(child);
                if (property.GetCustomAttribute<ValidateObjectMembersAttribute>() is null)
                    continue;
                foreach (var error in Ignored(child, property.PropertyType))
                    yield return error;
            }
        }
    }

    private static bool IsValue(IConfigurationSection section) => section.Value is { Length: > 0 };

    private static string NoValue(IConfigurationSection section) =>
        $"{section.Path} cannot be '{section.Value}': it is a section ({section.Path}:NAME) or a list ({section.Path}:0)";

    // The attribute's own words lack the value.
    private static string Describe(ValidationResult result, object options, string path)
    {
        var property = result.MemberNames.FirstOrDefault() is { } name ? options.GetType().GetProperty(name) : null;
        var value = property?.GetValue(options);
        if (property?.GetCustomAttribute<RangeAttribute>() is not { ErrorMessage: null } range || range.IsValid(value))
            return path.Length == 0 ? result.ErrorMessage! : $"{path}: {result.ErrorMessage}";
        var place = path.Length == 0 ? property.Name : $"{path}:{property.Name}";
        var hint = value is TimeSpan { Days: not 0 } span && span.Ticks % TimeSpan.TicksPerDay == 0 ? " (a number alone is days)" : "";
        return $"{place} must be {TextOf(range.Minimum)} to {TextOf(range.Maximum)}, not {TextOf(value)}{hint}";
    }

    private static string TextOf(object? value)
    {
        var text = Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
        return value is TimeSpan && text.LastIndexOf('.') > text.LastIndexOf(':') ? text.TrimEnd('0') : text;
    }

    private sealed class Validation<T>(string section, IConfiguration configuration) : IValidateOptions<T>
        where T : class
    {
        public ValidateOptionsResult Validate(string? name, T options)
        {
            var ignored = section.Length > 0 ? Ignored(configuration.GetSection(section), typeof(T)) : [];
            return Errors(options, section).Concat(ignored).Distinct().ToList() is { Count: > 0 } errors
                ? ValidateOptionsResult.Fail(errors)
                : ValidateOptionsResult.Success;
        }
    }
}
