using System.CommandLine;
using Fairlead.PostgreSql;

namespace Fairlead.Cli.Commands;

/// <summary><c>fairlead store sql</c>: what Fairlead makes in a PostgreSQL database, as text, for those who let no program make tables.</summary>
internal static class StoreCommand
{
    public const string Name = "store";

    private static readonly Option<string> Schema = new("--schema") { HelpName = "name", Description = "The schema. Default: fairlead.", DefaultValueFactory = static _ => PostgreSqlStoreOptions.DefaultSchema };
    private static readonly Option<int> From = new("--from") { HelpName = "version", Description = "Only what is missing in a schema of that version. Default: 0, all of it." };
    private static readonly Option<string?> Grant = new("--grant") { HelpName = "role", Description = "With the rights that a node needs, for that role." };

    public static Command Create()
    {
        var command = new Command(Name, "The store as an administrator of databases sees it.");
        command.Subcommands.Add(new Command("sql", "Write the SQL that makes a PostgreSQL store, for psql. Nodes that find it made need no right to make anything.").With(Schema, From, Grant).Does(WriteAsync));
        return command;
    }

    private static Task<int> WriteAsync(CommandContext context)
    {
        try
        {
            context.Output.Line(SchemaScript.Write(context.Value(Schema)!, context.Value(From), context.Value(Grant)));
            return Task.FromResult(ExitCode.AllWell);
        }
        catch (ArgumentException error)
        {
            throw new CommandFailure(error.Message);
        }
    }
}
