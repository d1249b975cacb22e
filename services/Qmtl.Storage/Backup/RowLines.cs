using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Qmtl.Storage.Backup;

/// <summary>Rows as lines of JSON that are the same, byte for byte, from either database.</summary>
internal static class RowLines
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>A row as an array of its values, in order of its table's columns.</summary>
    public static void Write(IBufferWriter<byte> output, TableShape table, IDictionary<string, object?> row)
    {
        using var json = new Utf8JsonWriter(output, Options);
        json.WriteStartArray();
        foreach (var column in table.Columns) Write(json, column, row[column.Name]);
        json.WriteEndArray();
    }

    /// <summary>The values of a line, as parameters of an insert.</summary>
    /// <exception cref="BackupException">The line is not a row of the table.</exception>
    public static object?[] Read(TableShape table, JsonElement line)
    {
        if (line.ValueKind != JsonValueKind.Array || line.GetArrayLength() != table.Columns.Count) throw new BackupException($"A row of {table.Name} must have {table.Columns.Count} values.");
        try
        {
            return [.. table.Columns.Zip(line.EnumerateArray(), (column, value) => Read(column, value))];
        }
        catch (Exception problem) when (problem is FormatException or InvalidOperationException)
        {
            throw new BackupException($"A row of {table.Name} has a value of the wrong type.", problem);
        }
    }

    private static void Write(Utf8JsonWriter json, TableColumn column, object? value)
    {
        switch (value, column.Kind)
        {
            case (null or DBNull, _): json.WriteNullValue(); break;
            case (_, ColumnKind.Text): json.WriteStringValue((string)value); break;
            case (_, ColumnKind.Whole): json.WriteNumberValue(Convert.ToInt64(value, CultureInfo.InvariantCulture)); break;
            // As text: infinities have no number in JSON, and this spelling reads back to the same bits.
            case (_, ColumnKind.Real): json.WriteStringValue(Plain(Convert.ToDouble(value, CultureInfo.InvariantCulture)).ToString("R", CultureInfo.InvariantCulture)); break;
            case (_, ColumnKind.Flag): json.WriteBooleanValue(Convert.ToBoolean(value, CultureInfo.InvariantCulture)); break;
            default: json.WriteBase64StringValue((byte[])value); break;
        }
    }

    /// <summary>SQLite keeps no sign of a zero.</summary>
    private static double Plain(double number) => number == 0 ? 0 : number;

    private static object? Read(TableColumn column, JsonElement value) => value.ValueKind == JsonValueKind.Null ? null : column.Kind switch
    {
        ColumnKind.Text => value.GetString(),
        ColumnKind.Whole => value.GetInt64(),
        ColumnKind.Real => double.Parse(value.GetString()!, NumberStyles.Float, CultureInfo.InvariantCulture),
        ColumnKind.Flag => value.GetBoolean(),
        _ => value.GetBytesFromBase64(),
    };
}
