using System.Globalization;
using Qmtl.Storage;

namespace Qmtl.Messaging.Log;

/// <summary>The id that a record keeps when it is sent again. Whoever has handled it drops the copy.</summary>
internal static class RecordId
{
    public const string Header = "qmtl-id";

    /// <summary>Its place in the log it comes from and its time there; the time keeps ids apart after a restored backup has given places a second time.</summary>
    public static string Of(LogRecord record) =>
        string.Create(CultureInfo.InvariantCulture, $"{record.Position}:{UnixTime.ToNanoseconds(record.At)}");
}
