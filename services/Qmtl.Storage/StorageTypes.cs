using System.Data;
using System.Globalization;
using Dapper;

namespace Qmtl.Storage;

/// <summary>How .NET types stand in both databases.</summary>
/// <remarks>Dapper keeps its type handlers per process; these are the only ones, and registering them again changes nothing.</remarks>
internal static class StorageTypes
{
    public static void Register()
    {
        DefaultTypeMap.MatchNamesWithUnderscores = true;
        // Dapper asks its own type map before any handler, so the built-in answers for these two must go first.
        SqlMapper.RemoveTypeMap(typeof(DateTimeOffset));
        SqlMapper.RemoveTypeMap(typeof(DateTimeOffset?));
        SqlMapper.AddTypeHandler(new TimeHandler());
        SqlMapper.RemoveTypeMap(typeof(DateTime));
        SqlMapper.RemoveTypeMap(typeof(DateTime?));
        SqlMapper.AddTypeHandler(new RefusedDateTimeHandler());
    }

    /// <summary>A time is BIGINT nanoseconds since 1970 UTC: it sorts, it is exact to the tick, and it is what the core counts in.</summary>
    private sealed class TimeHandler : SqlMapper.TypeHandler<DateTimeOffset>
    {
        public override DateTimeOffset Parse(object value) => UnixTime.FromNanoseconds(Convert.ToInt64(value, CultureInfo.InvariantCulture));

        public override void SetValue(IDbDataParameter parameter, DateTimeOffset value)
        {
            parameter.DbType = DbType.Int64;
            parameter.Value = UnixTime.ToNanoseconds(value);
        }
    }

    private sealed class RefusedDateTimeHandler : SqlMapper.TypeHandler<DateTime>
    {
        public override DateTime Parse(object value) => throw new NotSupportedException("Use DateTimeOffset: a DateTime does not say which zone it means.");

        public override void SetValue(IDbDataParameter parameter, DateTime value) => Parse(value);
    }
}

/// <summary>Times as the database keeps them.</summary>
public static class UnixTime
{
    private const long NanosecondsPerTick = 100;

    /// <summary>Nanoseconds since 1970-01-01 UTC.</summary>
    /// <exception cref="OverflowException">The time lies outside of the years 1677 to 2262.</exception>
    public static long ToNanoseconds(DateTimeOffset time) => checked((time.UtcTicks - DateTimeOffset.UnixEpoch.UtcTicks) * NanosecondsPerTick);

    /// <summary>The time, to the tick of 100 ns.</summary>
    public static DateTimeOffset FromNanoseconds(long nanoseconds) => DateTimeOffset.UnixEpoch.AddTicks(nanoseconds / NanosecondsPerTick);
}
