using System.Text.Json.Nodes;
using Qmtl.Cli.Shell;
using Qmtl.Strategies;

namespace Qmtl.Cli.Commands;

/// <summary>The indicators as a list; one alone in full.</summary>
internal static class IndicatorList
{
    public static int Print(CliRun run, IReadOnlyList<Indicator> indicators)
    {
        IndicatorInfo[] all = [.. indicators.Select(indicator => indicator.Describe())];
        run.Print(() => new JsonObject { ["indicators"] = new JsonArray([.. all.Select(Document)]) }, screen => Draw(screen, all));
        return ExitCodes.Done;
    }

    private static void Draw(Screen screen, IndicatorInfo[] all)
    {
        if (all is [var one])
        {
            screen.Line($"{one.Name}: {one.Description}");
            screen.Fields(
            [
                .. one.Parameters.Select(parameter => (parameter.Name, (string?)$"{parameter.Range}, default {parameter.Default}. {parameter.Description}")),
                .. one.Columns.Select(column => ($"column {column.Name}", (string?)$"first value after {Screen.Whole(column.Warmup)} bars")),
            ]);
            return;
        }

        screen.Table(
            ["name", "parameters", "columns", "bars before", "what it is"],
            all.Select(info => (IReadOnlyList<string>)
            [
                info.Name,
                string.Join(' ', info.Parameters.Select(parameter => $"{parameter.Name}={parameter.Default}")),
                string.Join(' ', info.Columns.Select(column => column.Name)),
                Screen.Whole(info.Columns.Max(column => column.Warmup)),
                info.Description,
            ]));
    }

    private static JsonObject Document(IndicatorInfo info) => new()
    {
        ["name"] = info.Name,
        ["description"] = info.Description,
        ["params"] = new JsonArray([.. info.Parameters.Select(parameter => new JsonObject
        {
            ["name"] = parameter.Name,
            ["type"] = parameter.Type,
            ["default"] = parameter.Default,
            ["range"] = parameter.Range,
            ["description"] = parameter.Description,
        })]),
        ["columns"] = new JsonArray([.. info.Columns.Select(column => new JsonObject { ["name"] = column.Name, ["warmup_bars"] = column.Warmup })]),
    };
}
