using System.Diagnostics;

namespace Qmtl.Dashboard.Tests;

/// <summary>A browser without a window and without anything of its own to do.</summary>
internal static class Browser
{
    /// <summary>The document as it stands after its scripts ran for a while.</summary>
    public static async Task<string> DomAsync(Uri page)
    {
        var profile = Directory.CreateTempSubdirectory("qmtl-browser-");
        try
        {
            var start = new ProcessStartInfo("chromium") { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
            foreach (var argument in new[]
            {
                "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
                $"--user-data-dir={profile.FullName}", "--timeout=4000", "--dump-dom", page.ToString(),
            })
            {
                start.ArgumentList.Add(argument);
            }

            using var browser = Process.Start(start)!;
            var (output, _) = (browser.StandardOutput.ReadToEndAsync(), browser.StandardError.ReadToEndAsync());
            try
            {
                return await output.Within(45);
            }
            finally
            {
                if (!browser.HasExited) browser.Kill(entireProcessTree: true);
                await browser.WaitForExitAsync();
            }
        }
        finally
        {
            profile.Delete(recursive: true);
        }
    }
}
