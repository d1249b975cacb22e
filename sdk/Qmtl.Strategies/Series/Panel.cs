namespace Qmtl.Strategies;

/// <summary>One series for each of several instruments, computed on side by side: a universe's closes, their momenta, the weights to hold.</summary>
/// <remarks>
/// Made by <see cref="StrategyBuilder.Panel(Func{PriceSeries, Series})"/>. Arithmetic and <see cref="Each(Func{Series, Series})"/> work member by member; <see cref="Rank"/>,
/// <see cref="ZScore"/>, <see cref="Top"/> and the like compare the members with each other at every bar. Members stand in the ordinal order of
/// their names, whatever order the data came in, so that equal panels are equal nodes.
/// </remarks>
public sealed partial class Panel
{
    private readonly PanelMember[] _members;

    private Panel(PanelMember[] members) => _members = members;

    /// <summary>How many members there are.</summary>
    public int Count => _members.Length;

    /// <summary>The names of the members: their instruments.</summary>
    public IReadOnlyList<string> Names => [.. _members.Select(member => member.Name)];

    internal IReadOnlyList<PanelMember> Members => _members;

    /// <summary>The series of a member.</summary>
    /// <exception cref="Identity.RefusalException">There is no such member; the nearest name is suggested.</exception>
    public Series this[string name] => Array.Find(_members, member => string.Equals(member.Name, name, StringComparison.Ordinal)).Series
        ?? throw Refuse.Graph(
            ToString(), $"has no member {name}{(Nearest.To(name, Names) is { } near ? $"; did you mean {near}?" : $"; it has {string.Join(", ", Names)}")}");

    /// <summary>A panel of series that each come from the bars of one instrument, which names the member.</summary>
    /// <exception cref="Identity.RefusalException">There is none, two come from the same instrument, or one comes from several.</exception>
    public static Panel Of(params IReadOnlyList<Series> series) => Of([.. series.Select(FromOneInstrument)]);

    /// <summary>A panel with names of your own, such as the spreads of pairs.</summary>
    /// <exception cref="Identity.RefusalException">There is no member, or two have one name.</exception>
    public static Panel Of(params IReadOnlyList<(string Name, Series Series)> members) =>
        Of([.. members.Select(member => new PanelMember(member.Name, member.Series.Node.Streams is [var only] ? only : null, member.Series))]);

    /// <summary>The same function of every member: <c>closes.Each(close =&gt; close.Sma(20))</c>.</summary>
    public Panel Each(Func<Series, Series> function) => new(Array.ConvertAll(_members, member => member with { Series = function(member.Series) }));

    /// <summary>A function of every member and its counterpart in <paramref name="other"/>.</summary>
    /// <exception cref="Identity.RefusalException">The panels have different members.</exception>
    public Panel Each(Panel other, Func<Series, Series, Series> function)
    {
        if (!Names.SequenceEqual(other.Names, StringComparer.Ordinal))
            throw Refuse.Graph(ToString(), $"has the members {string.Join(", ", Names)}, the other panel {string.Join(", ", other.Names)}; they must be the same");
        return new Panel([.. _members.Zip(other._members, (mine, its) => mine with { Series = function(mine.Series, its.Series) })]);
    }

    /// <summary>The magnitude of every member.</summary>
    public Panel Abs() => Each(member => member.Abs());

    /// <summary><paramref name="then"/> where a member is not zero, <paramref name="otherwise"/> where it is; missing where it is missing.</summary>
    public Panel Then(Series then, Series otherwise) => Each(member => new Signal(member.Node).Then(then, otherwise));

    /// <summary>Adds member by member.</summary>
    public static Panel operator +(Panel left, Panel right) => left.Each(right, (a, b) => a + b);

    /// <summary>Subtracts member by member.</summary>
    public static Panel operator -(Panel left, Panel right) => left.Each(right, (a, b) => a - b);

    /// <summary>Multiplies member by member.</summary>
    public static Panel operator *(Panel left, Panel right) => left.Each(right, (a, b) => a * b);

    /// <summary>Divides member by member.</summary>
    public static Panel operator /(Panel left, Panel right) => left.Each(right, (a, b) => a / b);

    /// <summary>1 where greater, 0 where not, member by member.</summary>
    public static Panel operator >(Panel left, Panel right) => left.Each(right, (a, b) => (a > b).AsSeries());

    /// <summary>1 where less, 0 where not, member by member.</summary>
    public static Panel operator <(Panel left, Panel right) => right > left;

    /// <summary>Adds the same to every member.</summary>
    public static Panel operator +(Panel panel, Series value) => panel.Each(member => member + value);

    /// <summary>Subtracts the same from every member.</summary>
    public static Panel operator -(Panel panel, Series value) => panel.Each(member => member - value);

    /// <summary>Multiplies every member by the same.</summary>
    public static Panel operator *(Panel panel, Series value) => panel.Each(member => member * value);

    /// <summary>Divides every member by the same.</summary>
    public static Panel operator /(Panel panel, Series value) => panel.Each(member => member / value);

    /// <summary>1 where a member is greater, 0 where not.</summary>
    public static Panel operator >(Panel panel, Series value) => panel.Each(member => (member > value).AsSeries());

    /// <summary>1 where a member is less, 0 where not.</summary>
    public static Panel operator <(Panel panel, Series value) => panel.Each(member => (member < value).AsSeries());

    /// <summary>The opposite of every member.</summary>
    public static Panel operator -(Panel panel) => panel.Each(member => -member);

    /// <summary>The panel as text.</summary>
    public override string ToString() => $"panel({_members[0].Series}{(Count == 1 ? "" : $", ... {Count} members")})";

    private static PanelMember FromOneInstrument(Series series) => series.Node.Streams is [var only]
        ? new PanelMember(only.Instrument, only, series)
        : throw Refuse.Graph(
            $"panel({series})",
            $"has a member that comes from {(series.Node.Streams.Count == 0 ? "no instrument" : string.Join(" and ", series.Node.Streams.Select(stream => stream.Text)))}; name the members: Panel.Of((name, series), ...)");

    internal static Panel Of(PanelMember[] members)
    {
        if (members.Length == 0) throw Refuse.Graph("panel", "has no members; give it at least one series");
        Array.Sort(members, (a, b) => string.CompareOrdinal(a.Name, b.Name));
        for (var i = 1; i < members.Length; i++)
        {
            if (string.Equals(members[i].Name, members[i - 1].Name, StringComparison.Ordinal)) throw Refuse.Graph("panel", $"has the member {members[i].Name} twice; names must differ");
        }

        return new Panel(members);
    }
}

/// <summary>One member of a panel.</summary>
/// <param name="Name">Its name: the instrument, unless the author gave another.</param>
/// <param name="Stream">The bars it stands for; null when it comes from several.</param>
/// <param name="Series">Its values.</param>
internal readonly record struct PanelMember(string Name, Node? Stream, Series Series);
