import base64
import io
import subprocess
import sys

import pandas as pd
import pytest
from PIL import Image

import segflux_nb as sf
from segflux_nb.sheets.sheet import INLINE_BYTES, contact_sheet
from tests.support.frames import frame, layout_of, noise


@pytest.fixture
def pictures(tmp_path):
    def make(table, size=(96, 96)):
        colours = []
        for number in range(len(table)):
            colour = (40 + 37 * number % 200, 40 + 91 * number % 200, 40 + 53 * number % 200)
            Image.new("RGB", size, colour).save(tmp_path / f"{number}.png")
            colours.append(colour)
        table["image"] = [str(tmp_path / f"{number}.png") for number in range(len(table))]
        table["width"], table["height"] = size
        return table, colours

    return make


def test_every_cell_is_where_its_labels_say(pictures):
    table, colours = pictures(frame(seed=[1, 2, 3], lora_strength=[0.5, 1.0]))
    from segflux_nb.sheets.geometry import geometry_of

    sheet = contact_sheet(table)
    geometry = geometry_of(layout_of(table), 320)
    shown = {
        cell.picture: sheet.image.getpixel(((box[0] + box[2]) // 2, (box[1] + box[3]) // 2))
        for cell, box in geometry.cells
    }
    assert shown == dict(zip(table["image"], colours, strict=True))


def test_inline_is_a_jpeg_within_the_budget(tmp_path):
    table = frame(seed=range(8), lora_strength=[0.1 * n for n in range(6)])
    table["image"] = [noise(n) for n in range(len(table))]
    data, metadata = contact_sheet(table)._repr_mimebundle_()
    assert set(data) == {"text/plain", "image/jpeg"}
    assert 0.5 * INLINE_BYTES < len(data["image/jpeg"]) <= INLINE_BYTES
    image = Image.open(io.BytesIO(base64.b64decode(data["image/jpeg"])))
    assert image.format == "JPEG"
    assert metadata["image/jpeg"]["alt"] == data["text/plain"]
    assert data["text/plain"].startswith("ContactSheet: 48 pictures [")


def test_a_small_sheet_is_shown_large(pictures):
    table, _ = pictures(frame(seed=[1, 2]), size=(1024, 1024))
    data, _ = contact_sheet(table)._repr_mimebundle_()
    assert Image.open(io.BytesIO(base64.b64decode(data["image/jpeg"]))).width > 1000


def test_saving(pictures, tmp_path):
    table, _ = pictures(frame(seed=[1, 2]))
    sheet = contact_sheet(table, title="Two seeds")
    for name, kind in (("a.png", "PNG"), ("b.jpg", "JPEG"), ("c.JPEG", "JPEG")):
        with Image.open(sheet.save(tmp_path / name)) as saved:
            assert saved.format == kind
    with pytest.raises(sf.SegfluxError, match=r"End the name in \.png"):
        sheet.save(tmp_path / "d.gif")
    with pytest.raises(sf.SegfluxError, match="no theme"):
        contact_sheet(table, theme="purple")


def test_failed_and_absent_pictures_are_drawn_and_themes_differ(pictures, tmp_path):
    table, _ = pictures(frame(seed=[1, 2, 3], lora_strength=[0.5, 1.0]))
    table.loc[1, ["status", "image", "error_kind", "error"]] = [
        "failed",
        None,
        "moderated",
        "the content policy " * 9,
    ]
    table.loc[2, ["status", "image"]] = ["planned", None]
    table.loc[3, "image"] = str(tmp_path / "deleted.png")
    table = table.drop(index=5)
    light, dark = contact_sheet(table).image, contact_sheet(table, theme="dark").image
    assert light.getpixel((0, 0)) == (255, 255, 255)
    assert sum(dark.getpixel((0, 0))) < 120


def test_mixed_shapes_are_not_distorted():
    table = frame(seed=[1, 2])
    table["image"] = [Image.new("RGB", (200, 100), "red"), Image.new("RGB", (100, 200), "red")]
    table = table.drop(columns=["width", "height"])
    image = contact_sheet(table).image
    red = [(x, y) for x in range(image.width) for y in range(image.height) if image.getpixel((x, y)) == (255, 0, 0)]
    assert red
    half = image.width // 2
    for side, ratio in ((lambda x: x < half, 2.0), (lambda x: x >= half, 0.5)):
        xs, ys = [x for x, _ in red if side(x)], [y for x, y in red if side(x)]
        assert (max(xs) - min(xs) + 1) / (max(ys) - min(ys) + 1) == pytest.approx(ratio, rel=0.02)


def test_any_frame_with_pictures_has_a_sheet(pictures):
    table, _ = pictures(frame(seed=[1, 2]))
    own = pd.DataFrame({"picture": [Image.new("RGB", (9, 9)), table["image"][1]], "style": ["ink", "oil"]})
    assert own.pictures.sheet().text.splitlines()[1] == "columns style: ink, oil"
    assert "2 pictures" in table[["image", "seed"]].pictures.sheet(cols="seed").text


@pytest.mark.parametrize(
    "order",
    [
        "import pandas as pd; import segflux_nb",
        "import segflux_nb; import pandas as pd",
        "import segflux_nb.accessor; import pandas as pd",
    ],
)
def test_the_accessor_is_there_in_whichever_order_things_are_imported(order):
    code = f"{order}; import sys; print(pd.DataFrame({{'image': [None]}}).pictures.sheet, len(sys.meta_path))"
    result = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert "Pictures.sheet" in result.stdout
