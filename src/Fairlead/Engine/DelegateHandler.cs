using System.Reflection;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;

namespace Fairlead.Engine;

/// <summary>Makes a job's invoker from a delegate: looks at its parameters once, so that an attempt only fills them in.</summary>
internal static class DelegateHandler
{
    private delegate object? Argument(object payload, JobContext context, CancellationToken cancellationToken);

    /// <summary>Binds the delegate's parameters.</summary>
    /// <exception cref="ArgumentException">It has no parameter for the payload.</exception>
    public static (Type Payload, JobInvoker Invoker) Bind(string name, Delegate handler)
    {
        var parameters = handler.Method.GetParameters();
        if (parameters.Length == 0 || IsOurs(parameters[0].ParameterType))
        {
            throw new ArgumentException($"The handler of '{name}' expects the payload as its first parameter, for example (MyJob job, JobContext context, CancellationToken ct) => …", nameof(handler));
        }
        var arguments = Array.ConvertAll(parameters, Bind);
        arguments[0] = static (payload, _, _) => payload;
        return (parameters[0].ParameterType, async (payload, context, json, cancellationToken) =>
        {
            var values = Array.ConvertAll(arguments, argument => argument(payload, context, cancellationToken));
            var returned = handler.Method.Invoke(handler.Target, BindingFlags.DoNotWrapExceptions, null, values, null);
            return await FinishAsync(returned, handler.Method.ReturnType, json);
        });
    }

    private static bool IsOurs(Type type) => type == typeof(JobContext) || type == typeof(CancellationToken);

    private static Argument Bind(ParameterInfo parameter)
    {
        var type = parameter.ParameterType;
        if (type == typeof(JobContext))
        {
            return static (_, context, _) => context;
        }
        return type == typeof(CancellationToken)
            ? static (_, _, cancellationToken) => cancellationToken
            : (_, context, _) => context.Services.GetRequiredService(type);
    }

    private static async ValueTask<ReadOnlyMemory<byte>> FinishAsync(object? returned, Type declared, JsonSerializerOptions json)
    {
        if (declared == typeof(void))
        {
            return default;
        }
        if (returned is ValueTask plain)
        {
            await plain;
            return default;
        }
        if (declared.IsGenericType && declared.GetGenericTypeDefinition() == typeof(ValueTask<>))
        {
            returned = declared.GetMethod(nameof(ValueTask<>.AsTask))!.Invoke(returned, null);
            declared = typeof(Task<>).MakeGenericType(declared.GenericTypeArguments);
        }
        if (returned is not Task task)
        {
            return JsonSerializer.SerializeToUtf8Bytes(returned, declared, json);
        }
        await task;
        return declared.IsGenericType
            ? JsonSerializer.SerializeToUtf8Bytes(declared.GetProperty(nameof(Task<>.Result))!.GetValue(task), declared.GenericTypeArguments[0], json)
            : default;
    }
}
