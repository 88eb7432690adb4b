"""Makes the bundle of the notebook ``05-reproduce``: six small pictures of the simulator, with marks and votes.

A bundle says when its
pictures were made, so each call gives another file; the pictures in it are the same.

Run with: python tools/make_bundle.py [FILE]     (left out, notebooks/study.sfx)
"""

import itertools
import sys
import tempfile
from pathlib import Path

import segflux_nb as sf

ROOT = Path(__file__).resolve().parents[1]

SWEEP = sf.Sweep(
    prompt="TOK on the shore of a mountain lake at dawn",
    finetune_id="my-finetune-id",
    seed=sf.seeds(2),
    lora_strength=[0.4, 1.0, 1.6],
    steps=12,
)
STARS = {0.4: 2, 1.0: 5, 1.6: 1}


def main(target: Path) -> None:
    with tempfile.TemporaryDirectory() as folder, sf.Workspace(folder, service="simulator") as ws:
        runs = ws.run(SWEEP, name="strengths")
        for run in runs:
            for rater in ("ada", "bob"):
                runs.source.log.marks.set(
                    run.digest, rater, stars=STARS[run.lora_strength], pick=run.lora_strength == 1.0, note=None
                )
        for seed in sf.seeds(2):
            for left, right in itertools.combinations(runs.where(seed=seed), 2):
                better = "left" if STARS[left.lora_strength] > STARS[right.lora_strength] else "right"
                for rater in ("ada", "bob"):
                    runs.vote(left, right, better, rater=rater)
        runs.bundle(target, license="CC0-1.0", title="One subject at three LoRA strengths")
    print(f"{target}: {target.stat().st_size:,} bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "notebooks" / "study.sfx")
