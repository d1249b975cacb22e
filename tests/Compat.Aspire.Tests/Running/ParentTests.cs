using System.Diagnostics;
using System.Globalization;

namespace Compat.Aspire.Tests.Running;

/// <summary>What becomes of the children when the AppHost ends, in every way it can.</summary>
public sealed class ParentTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData("INT")]
    [InlineData("TERM")]
    public async Task Signal_ToTheAppHost_EndsEverythingInOrder(string signal)
    {
        using var host = await AppHost.StartAsync();
        var children = host.Children();
        Assert.NotEmpty(children);

        await host.SignalAsync(signal);
        await host.Exited.WaitAsync(Patience);

        Assert.Contains(host.Lines, line => line.Contains("goodbye from the service", StringComparison.Ordinal));
        Assert.Contains("ENDED", host.Lines);
        Assert.Empty(Alive(children));
    }

    [Fact]
    public async Task Kill_OfTheAppHost_EndsChildrenAndTheirChildren()
    {
        using var host = await AppHost.StartAsync();
        var children = host.Children();
        Assert.True(children.Count >= 4, "the service, the family's shell, its two sleepers and the supervisors");

        await host.SignalAsync("KILL");
        await EventuallyAsync(() => Alive(children).Count == 0, () => "still alive: " + string.Join(", ", Alive(children)));
    }

    [RequiresFact(Needs.Postgres)]
    public async Task Kill_OfTheAppHostWithPostgres_EndsItAndTheNextStartRecovers()
    {
        var data = Directory.CreateTempSubdirectory("aspire-tests");
        File.SetUnixFileMode(data.FullName, (UnixFileMode)0b111_101_101);
        try
        {
            using (var first = await AppHost.StartAsync("postgres", "--LocalServers:DataFolder", data.FullName))
            {
                var children = first.Children();
                await first.SignalAsync("KILL");

                // At once, while the old server may still be ending.
                using var second = await AppHost.StartAsync("postgres", "--LocalServers:DataFolder", data.FullName);
                await EventuallyAsync(() => Alive(children).Count == 0, () => "still alive: " + string.Join(", ", Alive(children)));
                await second.SignalAsync("TERM");
                await second.Exited.WaitAsync(Patience);
            }
        }
        finally
        {
            data.Delete(recursive: true);
        }
    }

    private static List<string> Alive(Dictionary<int, string> processes) =>
        [.. processes.Where(process => CommandLine(process.Key) == process.Value).Select(process => $"{process.Key} {process.Value}")];

    private static string? CommandLine(int id)
    {
        try
        {
            var text = File.ReadAllText($"/proc/{id}/cmdline").Replace('\0', ' ');
            return text.Length == 0 ? null : text;
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static async Task EventuallyAsync(Func<bool> condition, Func<string> otherwise)
    {
        var clock = Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(clock.Elapsed < Patience, otherwise());
            await Task.Delay(100);
        }
    }

    private sealed class AppHost : IDisposable
    {
        private readonly Process _process;
        private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly List<string> _lines = [];

        private AppHost(Process process)
        {
            _process = process;
            Exited = ReadAsync();
        }

        public Task Exited { get; }

        public IReadOnlyList<string> Lines
        {
            get
            {
                lock (_lines) return [.. _lines];
            }
        }

        public static async Task<AppHost> StartAsync(params string[] args)
        {
            var assembly = Path.Combine(
                TestApplication.TestsFolder, "Compat.Aspire.TestAppHost", "bin", TestApplication.Metadata("BuildConfiguration"), $"net{Environment.Version.ToString(2)}", "Compat.Aspire.TestAppHost.dll");
            var start = new ProcessStartInfo("dotnet", [assembly, .. args]) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
            var host = new AppHost(Process.Start(start)!);
            var first = await Task.WhenAny(host._ready.Task, host.Exited).WaitAsync(Patience);
            Assert.True(first == host._ready.Task, string.Join('\n', host.Lines));
            return host;
        }

        public async Task SignalAsync(string signal)
        {
            using var kill = Process.Start("kill", ["-s", signal, _process.Id.ToString(CultureInfo.InvariantCulture)]);
            await kill.WaitForExitAsync();
        }

        /// <summary>Every process below the AppHost, with its command line, so that an id used again is not taken for it.</summary>
        public Dictionary<int, string> Children()
        {
            var found = new Dictionary<int, string>();
            Add(_process.Id);
            return found;

            void Add(int parent)
            {
                foreach (var task in Directory.GetDirectories($"/proc/{parent}/task"))
                {
                    foreach (var text in File.ReadAllText(Path.Combine(task, "children")).Split(' ', StringSplitOptions.RemoveEmptyEntries))
                    {
                        var id = int.Parse(text, CultureInfo.InvariantCulture);
                        if (CommandLine(id) is not { } line) continue;
                        found[id] = line;
                        Add(id);
                    }
                }
            }
        }

        public void Dispose()
        {
            if (!_process.HasExited) _process.Kill();
            _process.Dispose();
        }

        private async Task ReadAsync()
        {
            await Task.WhenAll(DrainAsync(_process.StandardOutput), DrainAsync(_process.StandardError));
            await _process.WaitForExitAsync();
        }

        private async Task DrainAsync(StreamReader from)
        {
            while (await from.ReadLineAsync() is { } line)
            {
                lock (_lines) _lines.Add(line);
                if (line.StartsWith("READY", StringComparison.Ordinal)) _ready.TrySetResult();
            }
        }
    }
}
