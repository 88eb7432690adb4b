"""Checks the GitHub workflow and the issue forms against GitHub's schemas. Run with: make packaging."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
GITHUB = ROOT / ".github"
SCHEMAS = {
    "vendor.github-workflows": sorted(GITHUB.glob("workflows/*.yml")),
    "vendor.github-issue-forms": sorted(
        set(GITHUB.glob("ISSUE_TEMPLATE/*.yml")) - {GITHUB / "ISSUE_TEMPLATE/config.yml"}
    ),
    "vendor.github-issue-config": sorted(GITHUB.glob("ISSUE_TEMPLATE/config.yml")),
}


def main() -> None:
    checker = [sys.executable, "-m", "check_jsonschema", "--builtin-schema"]
    known = subprocess.run([*checker[:3], "--help"], capture_output=True, text=True, check=True).stdout
    for schema, files in SCHEMAS.items():
        if not files:
            sys.exit(f"There is no file for {schema}")
        if schema not in known:
            print(f"check-jsonschema has no schema {schema}: {len(files)} not checked")
            continue
        subprocess.run([*checker, schema, *files], check=True)


if __name__ == "__main__":
    main()
