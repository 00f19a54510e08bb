using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting;

/// <summary>A referenced project; the build generates one class for each, in the namespace Projects.</summary>
public interface IProjectMetadata : IResourceAnnotation
{
    /// <summary>The project file.</summary>
    string ProjectPath { get; }

    /// <summary>Whether it is built already.</summary>
    bool SuppressBuild => false;

    /// <summary>The built assembly; Aspire has no such member, because it starts projects with <c>dotnet run</c>.</summary>
    string TargetPath { get; }
}
