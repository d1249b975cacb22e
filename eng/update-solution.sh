#!/usr/bin/env bash
# Rewrites Qmtl.sln from the projects in the tree, one solution folder for each area. Stand-ins under compat/ stay out: they are built
# only where a package feed makes them necessary, through the projects that need them. The first project listed is the one an IDE starts.
set -euo pipefail
cd "$(dirname "$0")/.."
rm -f Qmtl.sln
dotnet new sln --format sln --name Qmtl >/dev/null
dotnet sln Qmtl.sln add --include-references false Qmtl.AppHost/Qmtl.AppHost.csproj >/dev/null
dotnet sln Qmtl.sln add --include-references false Qmtl.ServiceDefaults/Qmtl.ServiceDefaults.csproj >/dev/null
for area in protos sdk services workers samples bench tests; do
  [ -d "$area" ] || continue
  mapfile -t projects < <(find "$area" -name '*.csproj' -not -path '*/obj/*' -not -path '*/bin/*' -not -path '*/templates/*' | sort)
  ((${#projects[@]})) && dotnet sln Qmtl.sln add --include-references false --solution-folder "$area" "${projects[@]}" >/dev/null
done
grep -c '\.csproj' Qmtl.sln
