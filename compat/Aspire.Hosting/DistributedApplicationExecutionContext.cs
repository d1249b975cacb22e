namespace Aspire.Hosting;

/// <summary>What an application is asked to do.</summary>
public enum DistributedApplicationOperation
{
    /// <summary>To run here.</summary>
    Run = 0,

    /// <summary>To describe itself for deployment.</summary>
    Publish = 1,
}

/// <summary>What the application is asked to do.</summary>
public class DistributedApplicationExecutionContext(DistributedApplicationOperation operation, string publisherName)
{
    /// <summary>Creates a context without a publisher.</summary>
    public DistributedApplicationExecutionContext(DistributedApplicationOperation operation)
        : this(operation, "manifest")
    {
    }

    /// <summary>The operation.</summary>
    public DistributedApplicationOperation Operation { get; } = operation;

    /// <summary>The publisher.</summary>
    public string PublisherName { get; set; } = publisherName;

    /// <summary>Whether it is published.</summary>
    public bool IsPublishMode => Operation is DistributedApplicationOperation.Publish;

    /// <summary>Whether it runs.</summary>
    public bool IsRunMode => Operation is DistributedApplicationOperation.Run;
}

/// <summary>A fault of the application's composition, or of what it needs of the machine.</summary>
public class DistributedApplicationException : Exception
{
    /// <summary>Creates the exception.</summary>
    public DistributedApplicationException()
    {
    }

    /// <summary>Creates the exception.</summary>
    public DistributedApplicationException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception.</summary>
    public DistributedApplicationException(string message, Exception inner)
        : base(message, inner)
    {
    }
}

/// <summary>A parameter that nobody gave.</summary>
public class MissingParameterValueException(string message) : DistributedApplicationException(message);
