"""What the check sees, in numbers: the distances of changes of a picture, and how often a step of strength is missed.

Run with: python benchmarks/check.py
"""

import sys
import tempfile
from itertools import pairwise
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import segflux_nb as sf
from segflux_nb.analysis.prints import box_thumbnail, distances
from segflux_nb.checking.verdicts import Verdict, judged
from tests.checking.changes import ANOTHER, HEADINGS, rows_of

PROMPT = "TOK on the shore of a mountain lake at dawn"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, sf.Workspace(folder, service="simulator") as ws:
        first, other = ws.run(sf.Sweep(prompt=PROMPT, finetune_id="a", seed=[7, 8], steps=12))
        ANOTHER[:] = [other.image]
        rows = [HEADINGS, ["---"] * len(HEADINGS), *rows_of(first.image)]
        for row in rows:
            print(f"| {' | '.join(row)} |")
        strengths = ws.run(
            sf.Sweep(prompt=PROMPT, finetune_id="a", seed=sf.seeds(6), lora_strength="0.4-1.6 (+0.05)", steps=12)
        )
        missed = pairs = 0
        for seed in sf.seeds(6):
            thumbnails = [box_thumbnail(run.image.convert("RGB"), 64) for run in strengths.where(seed=seed)]
            for pair in pairwise(thumbnails):
                pairs += 1
                missed += judged(*distances(*pair), 64) is Verdict.SAME_TO_THE_EYE
        print(f"\nlora_strength + 0.05 looks the same in {missed} of {pairs} pairs")


if __name__ == "__main__":
    main()
