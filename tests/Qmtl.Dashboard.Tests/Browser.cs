using System.Diagnostics;

namespace Qmtl.Dashboard.Tests;

/// <summary>A browser without a window and without anything of its own to do.</summary>
internal static class Browser
{
    /// <summary>A picture of the page as it stands after three seconds, PNG.</summary>
    public static async Task<byte[]> DrawAsync(Uri page)
    {
        var folder = Directory.CreateTempSubdirectory("qmtl-browser-");
        var picture = Path.Combine(folder.FullName, "page.png");
        try
        {
            var start = new ProcessStartInfo("chromium") { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
            foreach (var argument in new[]
            {
                "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
                $"--user-data-dir={folder.FullName}", "--timeout=3000", "--window-size=1280,900", $"--screenshot={picture}", page.ToString(),
            })
            {
                start.ArgumentList.Add(argument);
            }

            using var browser = Process.Start(start)!;
            // Read, so that it never waits for somebody to.
            var said = Task.WhenAll(browser.StandardOutput.ReadToEndAsync(), browser.StandardError.ReadToEndAsync());
            try
            {
                await browser.WaitForExitAsync().Within(45);
                await said.Within(5);
            }
            finally
            {
                if (!browser.HasExited) browser.Kill(entireProcessTree: true);
            }

            return await File.ReadAllBytesAsync(picture);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
