using Qmtl.Testing;

namespace Qmtl.Storage.Tests;

public sealed class SqliteDatabaseTests : DatabaseTests
{
    private protected override Task<StorageFixture> OpenAsync() => StorageFixture.SqliteAsync();
}

[Requires(Needs.Postgres)]
public sealed class PostgresDatabaseTests : DatabaseTests
{
    private protected override Task<StorageFixture> OpenAsync() => StorageFixture.PostgresAsync();
}

public sealed class SqliteAuditTests : AuditTests
{
    private protected override string WithoutTriggers => "DROP TRIGGER audit_log_no_update; DROP TRIGGER audit_log_no_delete; ";

    private protected override Task<StorageFixture> OpenAsync() => StorageFixture.SqliteAsync();
}

[Requires(Needs.Postgres)]
public sealed class PostgresAuditTests : AuditTests
{
    private protected override string WithoutTriggers => "DROP TRIGGER audit_log_append_only ON audit_log; ";

    private protected override Task<StorageFixture> OpenAsync() => StorageFixture.PostgresAsync();
}
