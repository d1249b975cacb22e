namespace Qmtl.Strategies;

/// <summary>Finds a slot for every value. A slot whose value nobody reads any more is used again, the one that was freed last first: it is still in the cache.</summary>
internal static class PlanSlots
{
    /// <summary>The slot of each value. The first <paramref name="given"/> values (constants, columns) keep a slot of their own, and so do those in <paramref name="kept"/>.</summary>
    public static int[] Assign(IReadOnlyList<PlanStep> steps, int given, int values, IEnumerable<int> kept, out int slots)
    {
        var lastReader = LastReaders(steps, given, values, kept);
        var slotOf = new int[values];
        for (var value = 0; value < given; value++) slotOf[value] = value;
        slots = given;
        var free = new Stack<int>();
        for (var i = 0; i < steps.Count; i++)
        {
            // Outputs get their slots before the inputs' are free: a kernel may read an input again after it has written.
            foreach (var value in steps[i].Outputs) slotOf[value] = free.TryPop(out var slot) ? slot : slots++;
            foreach (var value in steps[i].Inputs.Concat(steps[i].Outputs).Distinct())
            {
                if (lastReader[value] <= i) free.Push(slotOf[value]);
            }
        }

        return slotOf;
    }

    /// <summary>The last step that reads each value; -1 for none, beyond all steps for what is never freed.</summary>
    private static int[] LastReaders(IReadOnlyList<PlanStep> steps, int given, int values, IEnumerable<int> kept)
    {
        var last = new int[values];
        Array.Fill(last, -1);
        for (var i = 0; i < steps.Count; i++)
        {
            foreach (var value in steps[i].Inputs) last[value] = i;
        }

        last.AsSpan(0, given).Fill(int.MaxValue);
        foreach (var value in kept)
        {
            if (value >= 0) last[value] = int.MaxValue;
        }

        return last;
    }
}
