"""`python -m callbot.web.openapi > console/openapi.json`: what the console's client is made from."""

from __future__ import annotations

import json
import sys

from callbot.web.app import build_api

if __name__ == "__main__":
    sys.stdout.write(json.dumps(build_api().openapi(), ensure_ascii=False, indent=1, sort_keys=True) + "\n")
