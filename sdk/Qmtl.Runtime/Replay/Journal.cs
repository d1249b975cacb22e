using System.Collections;

namespace Qmtl.Runtime;

/// <summary>A list that only grows, in pieces that stay where they are: nothing is copied when it does, and no memory is cleared before it is written.</summary>
internal sealed class Journal<T> : IReadOnlyList<T>
    where T : unmanaged
{
    private const int Shift = 11, PieceLength = 1 << Shift;
    private readonly List<T[]> _pieces = [];
    private T[] _piece = [];
    private int _used;

    public int Count => (Math.Max(0, _pieces.Count - 1) * PieceLength) + _used;

    public T this[int index] => (uint)index < (uint)Count ? _pieces[index >> Shift][index & (PieceLength - 1)] : throw new ArgumentOutOfRangeException(nameof(index));

    public void Add(in T item)
    {
        if (_used == _piece.Length) Grow();
        _piece[_used++] = item;
    }

    public IEnumerator<T> GetEnumerator()
    {
        for (var i = 0; i < Count; i++) yield return this[i];
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    // The first piece grows to its length, so that a few entries take little.
    private void Grow()
    {
        if (_pieces.Count == 1 && _piece.Length < PieceLength)
        {
            Array.Resize(ref _piece, _piece.Length * 8);
            _pieces[0] = _piece;
            return;
        }

        _piece = GC.AllocateUninitializedArray<T>(_pieces.Count == 0 ? PieceLength / 64 : PieceLength);
        _pieces.Add(_piece);
        _used = 0;
    }
}
