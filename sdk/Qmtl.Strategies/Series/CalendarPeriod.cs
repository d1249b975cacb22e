namespace Qmtl.Strategies;

/// <summary>A stretch of the calendar, in UTC.</summary>
public enum CalendarPeriod
{
    /// <summary>A day.</summary>
    Day,

    /// <summary>A week, from Monday.</summary>
    Week,

    /// <summary>A month.</summary>
    Month,

    /// <summary>Three months, from January, April, July and October.</summary>
    Quarter,

    /// <summary>A year.</summary>
    Year,
}
