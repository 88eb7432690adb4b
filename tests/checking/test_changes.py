"""The table of changes: what the check calls the same and changed, with the distances. And what it misses."""

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from segflux_nb.analysis.differences import lab_thumbnail, mean_difference
from segflux_nb.analysis.prints import (
    box_thumbnail,
    distances,
    packed,
    pixels_sha256,
    rgb,
    side_for,
    unpacked,
)
from segflux_nb.checking.pictures import compare_pictures
from segflux_nb.checking.verdicts import MEAN_LIMIT, WORST_LIMITS, Verdict, judged

from .changes import CHANGES, EYE, HEADINGS, SAME, block, decoded, encoded, files_of, measured


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.name)
def test_the_verdict_on_a_change(change, photograph):
    found = measured(change, photograph)
    print(
        f"{change.name}: {found.whole} (worst {found.worst:.1f}, mean {found.mean:.1f}); on a sheet {found.print} "
        f"(worst {found.print_worst:.1f}, mean {found.print_mean:.1f}); exact form {found.exact}"
    )
    assert (found.whole, found.print) == (change.whole, change.print), found
    if change.is_missed:
        assert found.exact == Verdict.CHANGED, "the exact form misses nothing"


def test_the_table_has_both_kinds_and_what_is_missed():
    assert len(CHANGES) >= 12
    assert {change.whole for change in CHANGES} == set(Verdict)
    assert any(change.is_missed for change in CHANGES)


@pytest.mark.parametrize("quality", range(75, 96, 5))
@pytest.mark.parametrize("kind", ["photograph", "sheet"])
def test_an_encoder_changes_nothing_to_the_eye(kind, quality, photograph, runs):
    image = photograph if kind == "photograph" else runs.sheet(cols="seed").image
    saved = encoded(image)
    new = encoded(decoded(saved), quality=quality)
    found = compare_pictures(kind, {"image/jpeg": saved}, {"image/jpeg": new})
    print(quality, found.line)
    assert found.verdict == EYE, found.why


@pytest.mark.parametrize("side", [64, 32])
def test_a_block_of_32_pixels_is_seen_wherever_it_lies(side, photograph):
    saved = decoded(encoded(photograph))
    before = box_thumbnail(saved, side)
    random = np.random.default_rng(5)
    found = []
    for _ in range(40):
        at = random.integers(0, 1024 - 32, 2) / 1024
        new = decoded(encoded(block(32, 40, at)(saved)))
        pair = unpacked(packed([before, box_thumbnail(new, side)]), 2, side)
        found.append(distances(*pair))
    print(side, f"worst pixel: {min(worst for worst, _ in found):.1f} to {max(worst for worst, _ in found):.1f}")
    assert all(judged(*pair, side) is Verdict.CHANGED for pair in found)


def test_one_block_of_8_pixels_changes_the_exact_form(photograph):
    saved = decoded(encoded(photograph))
    new = decoded(encoded(block(8, 40)(saved)))
    assert pixels_sha256(saved) != pixels_sha256(new)


@given(st.integers(1, 5), st.sampled_from([16, 32, 64]), st.integers(0, 2**32 - 1))
def test_a_print_keeps_a_thumbnail_nearly(number, side, seed):
    random = np.random.default_rng(seed)
    pictures = [Image.fromarray(random.integers(0, 256, (9, 7, 3), dtype=np.uint8)) for _ in range(number)]
    thumbnails = [box_thumbnail(picture.resize((80, 50), Image.Resampling.BICUBIC), side) for picture in pictures]
    text = packed(thumbnails)
    assert text == packed(thumbnails)
    for one, other in zip(thumbnails, unpacked(text, number, side), strict=True):
        assert np.abs(one[..., 0] - other[..., 0]).max() <= 0.26
        half = one[..., 1:].reshape(side // 2, 2, side // 2, 2, 2).mean(axis=(1, 3))
        assert np.abs(half - other[::2, ::2, 1:]).max() <= 0.5
    # What is kept once is kept for ever: packing it again changes nothing.
    assert packed(unpacked(text, number, side)) == text


@pytest.mark.parametrize("text", ["", "????", "QlpoOTk=", packed([np.zeros((16, 16, 3))])])
def test_what_is_no_prints_is_refused(text):
    with pytest.raises(ValueError, match=r"."):
        unpacked(text, 2, 16)


def test_a_bomb_is_not_unpacked():
    import base64
    import bz2

    bomb = base64.b64encode(bz2.compress(bytes(50_000_000))).decode()
    with pytest.raises(ValueError, match="bytes in place of"):
        unpacked(bomb, 1, 16)


def test_prints_are_small():
    assert [side_for(number) for number in (1, 12, 13, 64, 65, 256, 257)] == [64, 64, 32, 32, 16, 16, None]
    assert set(WORST_LIMITS) == {64, 32, 16}
    assert judged(WORST_LIMITS[32], MEAN_LIMIT, 32) is Verdict.SAME_TO_THE_EYE
    assert judged(WORST_LIMITS[32] + 0.01, 0, 32) is judged(0, MEAN_LIMIT + 0.01, 32) is Verdict.CHANGED


def test_the_prints_of_48_pictures_take_less_than_a_third_of_their_sheet(photograph):
    thumbnails = [box_thumbnail(photograph.rotate(7 * turn), 32) for turn in range(48)]
    assert len(packed(thumbnails)) < 250_000 / 3


def test_the_thumbnails_are_those_of_the_differences(photograph):
    exact = lab_thumbnail(np.asarray(photograph))
    assert mean_difference(exact, box_thumbnail(photograph, 64).astype(np.float32)) < 0.3
    assert np.abs(rgb(box_thumbnail(photograph, 64)).astype(int) - photograph.resize((64, 64), 4)).max() <= 1


def frames(*levels):
    images = [Image.new("RGB", (80, 60), (level, 90, 90)) for level in levels]
    buffer = io.BytesIO()
    images[0].save(buffer, "GIF", save_all=True, append_images=images[1:], duration=100, loop=0)
    return buffer.getvalue()


def test_each_frame_of_an_animation_counts():
    saved = frames(10, 100, 200)
    for new, why in ((frames(10, 100, 230), "frame 2"), (frames(10, 100), "2 frames, and had 3")):
        found = compare_pictures("it", {"image/gif": saved}, {"image/gif": new})
        assert found.verdict is Verdict.CHANGED
        assert why in found.why
    assert compare_pictures("it", {"image/gif": saved}, {"image/gif": saved}).verdict == SAME


def png(mode, height=9, colour=0):
    return encoded(Image.new(mode, (9, height), colour), "PNG")


def deep(level):
    return encoded(Image.fromarray(np.full((20, 30), level, dtype=np.uint16)), "PNG")


@pytest.mark.parametrize(
    ("saved", "new", "why"),
    [
        (png("RGBA", colour=(0, 0, 0, 9)), png("RGBA"), "81 pixels"),
        (deep(1000), deep(1001), "600 pixels changed, in x 0 to 29, y 0 to 19"),
        (png("L"), png("L", 8), "9 × 8 pixels, and had 9 × 9"),
        (png("L"), b"no picture", "the new picture cannot be read"),
        (b"", png("L"), "the saved picture cannot be read"),
    ],
    ids=["transparency", "16 bits", "size", "new is broken", "saved is broken"],
)  # fmt: skip
def test_a_lossless_picture_is_compared_by_all_it_holds(saved, new, why):
    found = compare_pictures("it", {"image/png": saved}, {"image/png": new})
    assert found.verdict is Verdict.CHANGED
    assert why in found.why


def test_of_several_formats_the_strictest_common_one_decides(photograph):
    changed = next(change for change in CHANGES if change.name == "PNG, one level of one pixel")
    saved, new = files_of(changed, photograph)
    jpeg = encoded(photograph)
    both = [{"image/png": saved, "image/jpeg": jpeg}, {"image/png": new, "image/jpeg": jpeg}]
    assert compare_pictures("it", *both).verdict is Verdict.CHANGED
    # Another Pillow shows other formats: what it has in common decides, and without it what is seen.
    assert compare_pictures("it", both[0], {"image/jpeg": jpeg}).verdict == SAME
    assert compare_pictures("it", {"image/png": saved}, {"image/jpeg": jpeg}).verdict == EYE


def test_the_page_has_the_table():
    """`python benchmarks/check.py` prints it; the distances may move a little, the verdicts may not."""
    page = (Path(__file__).parents[2] / "docs" / "reproducibility.md").read_text(encoding="utf-8")
    rows = [[part.strip() for part in line.strip("|").split("|")] for line in page.splitlines()]
    told = {row[0]: (row[1], row[4]) for row in rows if len(row) == len(HEADINGS)}
    assert {change.name: (change.whole, change.print) for change in CHANGES}.items() <= told.items()
