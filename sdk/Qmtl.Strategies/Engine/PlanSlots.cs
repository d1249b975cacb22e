namespace Qmtl.Strategies;

/// <summary>Finds a slot for every value. A slot whose value nobody reads any more is used again, the one that was freed last first: it is still in the cache.</summary>
internal static class PlanSlots
{
    private const int Never = int.MaxValue;

    /// <summary>The slot of each value. The first <paramref name="given"/> values (constants, columns) keep a slot of their own, and so do those in <paramref name="kept"/>.</summary>
    public static int[] Assign(PlanStep[] steps, int given, int values, int[][] kept, out int slots)
    {
        var lastReader = LastReaders(steps, given, values, kept);
        var slotOf = new int[values];
        for (var value = 0; value < given; value++) slotOf[value] = value;
        slots = given;
        var free = new Stack<int>();
        for (var i = 0; i < steps.Length; i++)
        {
            // Outputs get their slots before the inputs' are free: a kernel may read an input again after it has written.
            foreach (var value in steps[i].Outputs) slotOf[value] = free.TryPop(out var slot) ? slot : slots++;
            Free(steps[i].Inputs, i, lastReader, slotOf, free);
            Free(steps[i].Outputs, i, lastReader, slotOf, free);
        }

        return slotOf;
    }

    private static void Free(int[] values, int step, int[] lastReader, int[] slotOf, Stack<int> free)
    {
        foreach (var value in values)
        {
            if (lastReader[value] > step) continue;
            free.Push(slotOf[value]);
            // A kernel may read one value twice; its slot is free once.
            lastReader[value] = Never;
        }
    }

    /// <summary>The last step that reads each value; -1 for none.</summary>
    private static int[] LastReaders(PlanStep[] steps, int given, int values, int[][] kept)
    {
        var last = new int[values];
        Array.Fill(last, -1);
        for (var i = 0; i < steps.Length; i++)
        {
            foreach (var value in steps[i].Inputs) last[value] = i;
        }

        last.AsSpan(0, given).Fill(Never);
        foreach (var graph in kept)
        {
            foreach (var value in graph)
            {
                if (value >= 0) last[value] = Never;
            }
        }

        return last;
    }
}
