using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;

namespace Fairlead.Packages.Tests;

/// <summary>Writes the public surface of an assembly as text, one line a member, in an order that does not change.</summary>
internal static class PublicSurface
{
    private const BindingFlags Declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
    private static readonly NullabilityInfoContext Nullability = new();

    public static string Write(Assembly assembly)
    {
        var text = new StringBuilder();
        foreach (var type in assembly.GetExportedTypes().OrderBy(type => type.FullName, StringComparer.Ordinal))
        {
            text.Append(Header(type)).Append('\n');
            foreach (var line in Members(type).Order(StringComparer.Ordinal).Distinct(StringComparer.Ordinal))
            {
                text.Append("  ").Append(line).Append('\n');
            }
        }
        return text.ToString();
    }

    private static string Header(Type type)
    {
        var kind = type.IsEnum ? "enum" : type.IsInterface ? "interface" : typeof(Delegate).IsAssignableFrom(type) ? "delegate" : type.IsValueType ? "struct"
            : type is { IsAbstract: true, IsSealed: true } ? "static class" : type.IsAbstract ? "abstract class" : type.IsSealed ? "sealed class" : "class";
        var bases = type.GetInterfaces().Where(part => part.IsPublic || part.IsNestedPublic).Select(Name).Where(name => !name.StartsWith("IEquatable", StringComparison.Ordinal)).Order(StringComparer.Ordinal).ToList();
        if (type.BaseType is { } parent && parent != typeof(object) && parent != typeof(ValueType) && parent != typeof(Enum) && !type.IsEnum)
        {
            bases.Insert(0, Name(parent));
        }
        return $"{kind} {type.Namespace}.{Name(type)}{(bases.Count > 0 && !type.IsEnum ? " : " + string.Join(", ", bases) : "")}";
    }

    private static IEnumerable<string> Members(Type type)
    {
        if (type.IsEnum)
        {
            return Enum.GetNames(type).Select(name => $"{name} = {Convert.ToInt64(Enum.Parse(type, name), System.Globalization.CultureInfo.InvariantCulture)}");
        }
        return type.GetMembers(Declared).Where(IsReviewed).Select(Line);
    }

    private static bool IsReviewed(MemberInfo member) => member switch
    {
        _ when member.GetCustomAttribute<CompilerGeneratedAttribute>() is not null && member is not PropertyInfo => false,
        MethodInfo { IsSpecialName: true } method => method.Name.StartsWith("op_", StringComparison.Ordinal) && method.Name is not ("op_Equality" or "op_Inequality") && IsVisible(method),
        MethodInfo method => IsVisible(method) && method.Name is not ("PrintMembers" or "<Clone>$" or "GetHashCode") && !(method.Name == "Equals" && method.GetParameters().Length == 1),
        ConstructorInfo constructor => IsVisible(constructor) && !IsCopyConstructor(constructor),
        PropertyInfo property => property.Name != "EqualityContract" && (IsVisible(property.GetMethod) || IsVisible(property.SetMethod)),
        FieldInfo field => field.IsPublic || field.IsFamily,
        EventInfo => true,
        _ => false,
    };

    private static bool IsVisible(MethodBase? method) => method is { } it && (it.IsPublic || it.IsFamily || it.IsFamilyOrAssembly) && !it.IsPrivate;

    private static bool IsCopyConstructor(ConstructorInfo constructor) =>
        constructor.GetParameters() is [var only] && only.ParameterType == constructor.DeclaringType;

    private static string Line(MemberInfo member) => member switch
    {
        ConstructorInfo constructor => $"new({Parameters(constructor)})",
        MethodInfo method => $"{Static(method)}{Type(method.ReturnParameter)} {method.Name}{Generic(method)}({Parameters(method)})",
        PropertyInfo property => $"{Static((property.GetMethod ?? property.SetMethod)!)}{Required(property)}{Type(property)} {property.Name} {{ {Accessors(property)}}}",
        FieldInfo field => $"{(field.IsLiteral ? "const " : field.IsStatic ? "static " : "")}{Name(field.FieldType)} {field.Name}",
        EventInfo happening => $"event {Name(happening.EventHandlerType!)} {happening.Name}",
        _ => member.ToString()!,
    };

    private static string Static(MethodBase method) => method.IsStatic ? "static " : "";

    private static string Required(PropertyInfo property) => property.GetCustomAttribute<RequiredMemberAttribute>() is null ? "" : "required ";

    private static string Accessors(PropertyInfo property)
    {
        var set = !IsVisible(property.SetMethod) ? ""
            : property.SetMethod!.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit)) ? "init; " : "set; ";
        return (IsVisible(property.GetMethod) ? "get; " : "") + set;
    }

    private static string Parameters(MethodBase method) => string.Join(", ", method.GetParameters().Select(parameter =>
        $"{Type(parameter)} {parameter.Name}{(parameter.HasDefaultValue ? " = " + Default(parameter) : "")}"));

    private static string Default(ParameterInfo parameter) => parameter.DefaultValue switch
    {
        null => parameter.ParameterType.IsValueType && System.Nullable.GetUnderlyingType(parameter.ParameterType) is null ? "default" : "null",
        string text => $"\"{text}\"",
        var value => Convert.ToString(value, System.Globalization.CultureInfo.InvariantCulture)!,
    };

    private static string Type(ParameterInfo parameter) => Name(parameter.ParameterType) + Mark(Nullability.Create(parameter), parameter.ParameterType);

    private static string Type(PropertyInfo property) => Name(property.PropertyType) + Mark(Nullability.Create(property), property.PropertyType);

    private static string Mark(NullabilityInfo info, Type type) =>
        !type.IsValueType && (info.ReadState == NullabilityState.Nullable || info.WriteState == NullabilityState.Nullable) ? "?" : "";

    private static string Generic(MethodInfo method) =>
        method.IsGenericMethod ? "<" + string.Join(", ", method.GetGenericArguments().Select(Name)) + ">" : "";

    private static string Name(Type type)
    {
        if (System.Nullable.GetUnderlyingType(type) is { } inner)
        {
            return Name(inner) + "?";
        }
        if (type.IsArray)
        {
            return Name(type.GetElementType()!) + "[]";
        }
        var name = type.IsNested && !type.IsGenericParameter ? $"{Name(type.DeclaringType!)}.{type.Name}" : type.Name;
        return type.IsGenericType ? $"{name.Split('`')[0]}<{string.Join(", ", type.GetGenericArguments().Select(Name))}>" : name;
    }
}
