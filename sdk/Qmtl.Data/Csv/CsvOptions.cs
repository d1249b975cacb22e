namespace Qmtl.Data;

/// <summary>Which row to keep when several have the same time.</summary>
public enum Dedupe
{
    /// <summary>None: equal times are an error that names the line.</summary>
    Refuse = 0,

    /// <summary>The one that stands first in the file.</summary>
    First,

    /// <summary>The one that stands last in the file.</summary>
    Last,
}

/// <summary>How a CSV file is read.</summary>
/// <param name="Sort">Order rows by time; otherwise rows out of order are an error that names the line.</param>
/// <param name="Dedupe">What to do with rows of equal time.</param>
public readonly record struct CsvOptions(bool Sort = false, Dedupe Dedupe = Dedupe.Refuse);
