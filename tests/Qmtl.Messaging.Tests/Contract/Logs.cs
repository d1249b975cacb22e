using Qmtl.Testing;

namespace Qmtl.Messaging.Tests.Contract;

public sealed class SqliteAppendTests : AppendContract
{
    private protected override LogStore Store { get; } = new SqliteStore();
}

public sealed class SqliteGroupTests : GroupContract
{
    private protected override LogStore Store { get; } = new SqliteStore();
}

public sealed class SqliteHandlingTests : HandlingContract
{
    private protected override LogStore Store { get; } = new SqliteStore();
}

public sealed class SqliteRetentionTests : RetentionContract
{
    private protected override LogStore Store { get; } = new SqliteStore();
}

[Requires(Needs.Postgres)]
public sealed class PostgresAppendTests : AppendContract
{
    private protected override LogStore Store { get; } = new PostgresStore();
}

[Requires(Needs.Postgres)]
public sealed class PostgresGroupTests : GroupContract
{
    private protected override LogStore Store { get; } = new PostgresStore();
}

[Requires(Needs.Postgres)]
public sealed class PostgresHandlingTests : HandlingContract
{
    private protected override LogStore Store { get; } = new PostgresStore();
}

[Requires(Needs.Postgres)]
public sealed class PostgresRetentionTests : RetentionContract
{
    private protected override LogStore Store { get; } = new PostgresStore();
}

[Requires(Needs.Kafka)]
public sealed class KafkaAppendTests : AppendContract
{
    private protected override LogStore Store { get; } = new KafkaStore();
}

[Requires(Needs.Kafka)]
public sealed class KafkaGroupTests : GroupContract
{
    private protected override LogStore Store { get; } = new KafkaStore();
}

[Requires(Needs.Kafka)]
public sealed class KafkaHandlingTests : HandlingContract
{
    private protected override LogStore Store { get; } = new KafkaStore();
}
