// How things are run here is Linux's business; see the README of the stand-in.
[assembly: System.Runtime.Versioning.SupportedOSPlatform("linux")]
