#!/usr/bin/env bash
# npm for the console: `npm.sh VENV install --no-save`, `npm.sh VENV run build`. Node 20.19 or newer is taken from the machine,
# else from a wheel in the virtual environment.
set -euo pipefail
cd "$(dirname "$0")"
venv=$(cd .. && realpath "$1")
shift

fits() { node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' 2>/dev/null; }

if ! { command -v node >/dev/null && command -v npm >/dev/null && fits; }; then
  PATH="$venv/bin:$PATH"
  fits || "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r ../requirements/node.txt
fi
exec npm --loglevel=error "$@"
