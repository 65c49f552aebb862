#!/usr/bin/env bash
# Runs the tests of the whole system, which need more than npm: a browser from Debian's packages, installed
# here when it is missing.
set -euo pipefail
cd "$(dirname "$0")/.."

missing=()
for command in chromium git; do
  command -v "$command" >/dev/null || missing+=("$command")
done
if [ ${#missing[@]} -gt 0 ]; then
  echo "Installing ${missing[*]}."
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends "${missing[@]}" fonts-dejavu-core >/dev/null
fi

export PATH="$PWD/node_modules/.bin:$PATH"
echo "Tests run with $(command -v node), $(node --version)."
exec node --conditions=@heddle/source --test --test-timeout=600000 'test/system/*.test.ts'
