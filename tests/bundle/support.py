"""What tests of bundles share: the sweep, and bundles that are written again with something changed."""

import hashlib
import json
import zipfile

import segflux_nb as sf

SWEEP = sf.Sweep(prompt="TOK at dawn", finetune_id="a", seed=[1, 2], lora_strength=[0.5, 1.0, 1.5], steps=3)


def entries_of(path):
    """The entries of a bundle, in order."""
    with zipfile.ZipFile(path) as file:
        return {name: file.read(name) for name in file.namelist()}


def manifest_of(entries):
    return json.loads(entries["manifest.json"])


def signed(entries):
    """The entries with a manifest that says what they are now, as one who forges a bundle would write it."""
    manifest = manifest_of(entries)
    others = {name: data for name, data in entries.items() if name not in ("manifest.json", "pictures/")}
    manifest["files"] = {
        name: {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for name, data in others.items()
        if not name.startswith("pictures/")
    }
    manifest["pictures"] = {name: len(data) for name, data in others.items() if name.startswith("pictures/")}
    return {**others, "manifest.json": json.dumps(manifest).encode()}


def write(path, entries, *, method=zipfile.ZIP_STORED, change=None):
    """Write entries, given as a mapping or as pairs; `change` may change the description of each."""
    with zipfile.ZipFile(path, "w", method) as file:
        for name, data in entries.items() if isinstance(entries, dict) else entries:
            entry = zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0))
            entry.compress_type = method
            entry.external_attr = (0o40755 if name == "pictures/" else 0o100644) << 16
            if change is not None:
                change(entry)
            file.writestr(entry, data)


def first_picture(entries):
    return next(name for name in entries if name.startswith("pictures/") and name != "pictures/")
