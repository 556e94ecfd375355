#!/usr/bin/env bash
# Builds the console into callbot/web/static/console. Node 20.19 or newer is taken from the machine, else from
# the nodejs wheel in the virtual environment named by the first argument.
set -euo pipefail
cd "$(dirname "$0")"
venv=$(cd .. && realpath "${1:-.venv}")

fits() { "$1" -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' 2>/dev/null; }

if ! { command -v node >/dev/null && command -v npm >/dev/null && fits node; }; then
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r ../requirements/node.txt
  PATH="$venv/bin:$PATH"
fi
npm ci --silent
npm run --silent build
