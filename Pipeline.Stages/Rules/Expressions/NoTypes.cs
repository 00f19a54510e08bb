using System.Linq.Dynamic.Core.CustomTypeProviders;
using System.Reflection;

namespace Pipeline.Stages.Rules.Expressions;

/// <summary>Tells the library that there are no types and no extension methods.</summary>
internal sealed class NoTypes : IDynamicLinqCustomTypeProvider
{
    public HashSet<Type> GetCustomTypes() => [];

    public Dictionary<Type, List<MethodInfo>> GetExtensionMethods() => [];

    public Type? ResolveType(string typeName) => null;

    public Type? ResolveTypeBySimpleName(string simpleTypeName) => null;
}
