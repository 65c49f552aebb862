#!/usr/bin/env bash
# Runs the tests of the whole system, which need more than npm: a browser, shells, Prometheus and what systemd reads
# its units with, from Debian's packages, installed here when they are missing. Then the tests of the mesh that look for
# leaks and lost requests, with as many repetitions as the promises are made for: `npm test` has time for a part of
# them.
set -euo pipefail
cd "$(dirname "$0")/.."

missing=()
for command in chromium fish git prometheus zsh; do
  command -v "$command" >/dev/null || missing+=("$command")
done
command -v systemd-analyze >/dev/null || missing+=(systemd)
if [ ${#missing[@]} -gt 0 ]; then
  echo "Installing ${missing[*]}."
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  # RUNLEVEL keeps Debian from starting what it has installed.
  RUNLEVEL=1 apt-get install -y -qq --no-install-recommends "${missing[@]}" fonts-dejavu-core >/dev/null
fi

export PATH="$PWD/node_modules/.bin:$PATH"
# Threads load the sources of Heddle five times as fast when somebody has taken them apart before.
export NODE_COMPILE_CACHE="$PWD/node_modules/.cache/compiled"
echo "Tests run with $(command -v node), $(node --version)."
outcome=0
node --conditions=@heddle/source --test --test-concurrency=2 --test-timeout=600000 'test/system/*.test.ts' || outcome=1

# A million requests, a hundred thousand aborts, ten thousand members, three thousand random lives of workers, each of
# many steps; see the tests for what each counts.
export HEDDLE_LEAK_FACTOR=50 HEDDLE_FAULT_SCHEDULES=4000 HEDDLE_FAULT_ROUNDS=3 HEDDLE_FUZZ_BATCHES=20000
export HEDDLE_SIMULATION_SEEDS=3000
node --conditions=@heddle/source --test --test-concurrency=2 --test-timeout=600000 \
  'packages/mesh/test/leaks/*.test.ts' 'packages/mesh/test/faults/*.test.ts' 'packages/mesh/test/fuzz/*.test.ts' \
  packages/heddle/test/main/supervisor/simulation.test.ts || outcome=1
exit $outcome
