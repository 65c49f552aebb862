#!/usr/bin/env bash
# Runs the tests on other versions of Node.js than the one the repository installs: `npm test`, word for word,
# with each version first on the PATH. Each is installed once, from npm, below tools/nodes.
#
#   bash tools/nodes.sh [version ...]
set -euo pipefail
cd "$(dirname "$0")/.."

versions=("$@")
[ $# -gt 0 ] || versions=(22.23.3 24.21.0)
# `npm test` would put the repository's own Node first.
tests=$(node -p 'require("./package.json").scripts.test')
# Benchmarks run on the repository's own Node alone, and so do their tests. Of those of the repository itself only
# one runs code of the packages that depends on the version: the others look at files, or follow what is typed.
tests=${tests/ \"bench\/test\/\*.test.mjs\"/}
tests=${tests/\"test\/\*.test.ts\"/\"test/suite.test.ts\"}

# What is left to chance with a seed does not depend on the version: a part of the seeds will do.
export HEDDLE_FAULT_SCHEDULES=200 HEDDLE_FAULT_ROUNDS=1 HEDDLE_FUZZ_BATCHES=300 HEDDLE_SIMULATION_SEEDS=30

# Written by the repository's own Node.js, found before the others come first on the PATH.
PATH="$PWD/node_modules/.bin:$PATH" node --disable-warning=ExperimentalWarning tools/strip.ts

mkdir -p tools/nodes
# Its own mark, so that neither git nor the formatter looks inside.
echo '*' >tools/nodes/.gitignore

install() {
  local version=$1 folder=tools/nodes/$1
  local installed
  installed=$("$folder/node_modules/.bin/node" --version 2>/dev/null || true)
  [ "$installed" != "v$version" ] || return 0
  mkdir -p "$folder"
  printf '{ "private": true, "dependencies": { "node": "%s" }, "allowScripts": { "node": true } }\n' "$version" \
    >"$folder/package.json"
  npm install --prefix "$folder" --no-audit --no-fund --loglevel=error
}

outcome=0
for version in "${versions[@]}"; do
  install "$version"
  PATH="$PWD/tools/nodes/$version/node_modules/.bin:$PATH"
  echo "Tests run with $(command -v node), $(node --version)."
  [ "$(node --version)" = "v$version" ]
  options=${NODE_OPTIONS:-}
  [[ $version != 22.* ]] || options="$options --import=$PWD/tools/stripped.mjs"
  # The reporter is named because Node.js 22 has another one in a pipe.
  NODE_OPTIONS=$options bash -c "${tests/--test /--test --test-reporter=spec }" || outcome=1
done
exit $outcome
