"""What is compared of the outputs of a cell: each picture, wherever it stands, and SVG as text. No kernel is used."""

import base64

import pytest
from PIL import Image

from segflux_nb.checking.fingerprint import fingerprint_of
from segflux_nb.checking.outputs import compare_outputs, divided, normal_svg, svg_causes
from segflux_nb.checking.verdicts import Verdict
from segflux_nb.checking.versions import differing, drawn_with

from .changes import encoded


def picture(level, kind="PNG", size=(64, 64)):
    return base64.b64encode(encoded(Image.new("RGB", size, (level, 90, 90)), kind)).decode()


def output(data, metadata=None):
    return {"output_type": "display_data", "data": data, "metadata": metadata or {}}


def found(saved, new, **options):
    """The changed pictures, in words, and whether the texts are the same."""
    before, now = divided(saved), divided(new)
    lines = [one.line for one in compare_outputs(before, now, **options) if one.verdict is Verdict.CHANGED]
    texts = [[{**one, "metadata": {}} for one in outputs.texts] for outputs in (before, now)]  # as nbval does
    return lines, texts[0] == texts[1]


@pytest.mark.parametrize("mime", ["image/png", "image/gif", "image/webp", "image/jpeg", "image/bmp"])
def test_each_kind_of_picture_is_seen(mime):
    kind = mime.removeprefix("image/").upper()
    saved, same, other = (output({mime: picture(level, kind), "text/plain": "it"}) for level in (10, 10, 60))
    assert found([saved], [same]) == ([], True)
    lines, texts = found([saved], [other])
    assert texts, "it is compared as a picture, not as text"
    assert len(lines) == 1
    assert lines[0].startswith("the picture: changed")


def test_a_picture_inside_html_is_compared_as_a_picture():
    html = '<p>one</p><img alt="a" src="data:image/{kind};base64,{data}"><b>{text}</b>'
    saved = output({"text/html": html.format(kind="png", data=picture(10), text="x")})
    again = encoded(Image.new("RGB", (64, 64), (10, 90, 90)), "PNG", compress_level=1)
    same = output({"text/html": html.format(kind="png", data=base64.b64encode(again).decode(), text="x")})
    assert saved != same
    assert found([saved], [same]) == ([], True)
    changed = output({"text/html": html.format(kind="png", data=picture(11), text="x")})
    lines, texts = found([saved], [changed])
    assert (len(lines), texts) == (1, True)
    assert found([saved], [output({"text/html": html.format(kind="png", data=picture(10), text="y")})]) == ([], False)
    markdown = output({"text/markdown": f"![it](data:image/jpeg;base64,{picture(10, 'JPEG')})"})
    other = output({"text/markdown": f"![it](data:image/jpeg;base64,{picture(80, 'JPEG')})"})
    assert len(found([markdown], [other])[0]) == 1


def test_pictures_that_come_or_go_are_named():
    one, two = output({"image/png": picture(10)}), output({"image/png": picture(20)})
    assert found([one, two], [one])[0] == ["picture 2: changed: it is not shown any more"]
    assert found([one], [one, two])[0] == ["picture 2: changed: it was not shown before"]
    assert len(found([one, two], [two, one])[0]) == 2, "their order counts"
    assert found([], [one])[0] == ["picture 1: changed: it was not shown before"]


def test_svg_is_compared_as_text_without_made_up_ids_and_dates():
    text = (
        "<svg><dc:title>Matplotlib v{version}, https://matplotlib.org/</dc:title><dc:date>{date}</dc:date>"
        '<path id="m{id}"/><use xlink:href="#m{id}"/><g clip-path="url(#m{id})"><text>{words}</text></g></svg>'
    )
    values = {"version": "3.10.0", "date": "2026-01-01", "id": "f0c1", "words": "axis"}
    saved = [output({"image/svg+xml": text.format(**values)})]
    again = [output({"image/svg+xml": text.format(**{**values, "date": "2026-02-02", "id": "99ab"})})]
    assert found(saved, again) == ([], True)
    assert found(saved, [output({"image/svg+xml": text.format(**{**values, "words": "axes"})})]) == ([], False)
    newer = [output({"image/svg+xml": text.format(**{**values, "version": "3.11.2"})})]
    assert svg_causes(divided(saved), divided(newer)) == (
        "the likely cause: it was drawn by Matplotlib 3.10.0, and is now drawn by Matplotlib 3.11.2"
    )
    assert normal_svg("<svg/>") == "<svg/>"


def sheet(frame_values, picture_of, **more):
    """The output of a sheet of small pictures of our own."""
    import pandas as pd

    frame = pd.DataFrame([{"seed": seed, "picture": picture_of(seed)} for seed in frame_values])
    data, metadata = frame.pictures.sheet(cols="seed")._repr_mimebundle_()
    return output(data, {**metadata, **more})


def plain(seed):
    return Image.linear_gradient("L").resize((200, 200)).rotate(seed).convert("RGB")


def test_one_of_48_pictures_that_has_changed_is_named(runs):
    def changed(seed):
        image = plain(seed)
        if seed == 31:
            image.paste((40, 40, 200), (90, 90, 100, 100))
        return image

    saved, new = sheet(range(48), plain), sheet(range(48), changed)
    lines, texts = found([saved], [new])
    assert texts
    assert len(lines) == 1
    assert lines[0].startswith("run 31 (seed 31): changed: ΔE"), "where a frame has no runs, its index names the row"
    assert len(str(saved["metadata"]["segflux"])) < 60_000


def test_a_picture_of_another_size_is_a_change_on_a_sheet_too():
    saved, new = (
        sheet(range(3), plain),
        sheet(range(3), lambda seed: plain(seed).resize((100 + 100 * (seed != 1),) * 2)),
    )
    lines, _ = found([saved], [new])
    assert len(lines) == 1
    assert lines[0].startswith("run 1 (seed 1): changed: it has 100 × 100 pixels, and had 200 × 200")


def test_a_sheet_that_is_drawn_in_another_size_is_compared_by_its_prints():
    saved, new = sheet(range(3), plain), sheet(range(3), plain)
    new["data"]["image/jpeg"] = picture(9, "JPEG")
    assert found([saved], [new]) == ([], True)
    other = sheet(range(3), lambda seed: plain(seed + 90))
    other["data"]["image/jpeg"] = picture(9, "JPEG")
    assert len(found([saved], [other])[0]) == 3


def test_the_prints_of_a_sheet_are_the_same_each_time(runs):
    assert runs.sheet()._repr_mimebundle_()[1] == runs.sheet()._repr_mimebundle_()[1]
    labels = [(run, label) for run, label, *_ in runs.sheet()._repr_mimebundle_()[1]["segflux"]["pictures"]]
    assert labels[0] == (runs[0].run, "seed 7 · lora_strength 0.4")
    loop = runs.travel("lora_strength")
    assert sorted(loop._repr_mimebundle_()[1]["segflux"]["pictures"]) == sorted(
        runs.sheet()._repr_mimebundle_()[1]["segflux"]["pictures"]
    )
    assert "segflux" not in runs.sheet(heat="lora_strength")._repr_mimebundle_()[1]


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (lambda kept: kept.update(format=99), "their format is 99"),
        (lambda kept: kept.pop("pictures"), "not complete"),
        (lambda kept: kept.update(side=1_000_000), "their side is 1000000"),
        (lambda kept: kept.update(lab="QlpoOTk="), "cannot be read: Invalid data stream"),
        (lambda kept: kept.update(pictures=[["a"]]), "cannot be read"),
        (lambda kept: kept.update(pictures=7), "not complete"),
    ],
)
def test_saved_prints_that_cannot_be_read_are_no_pass(damage, why):
    saved, new = sheet(range(3), plain), sheet(range(3), plain)
    damage(saved["metadata"]["segflux"])
    lines, _ = found([saved], [new])
    assert len(lines) == 1
    assert why in lines[0]


def test_a_sheet_that_was_saved_without_prints_is_compared_as_one_picture():
    saved, new = sheet(range(3), plain), sheet(range(3), plain)
    del saved["metadata"]["segflux"]
    assert found([saved], [new]) == ([], True)
    other = sheet(range(3), lambda seed: plain(seed + 90))
    del other["metadata"]["segflux"]
    assert len(found([saved], [other])[0]) == 1


def test_another_pillow_is_named_where_a_sheet_has_changed():
    saved, new = sheet(range(3), plain), sheet(range(3), lambda seed: plain(seed + 9))
    saved["metadata"]["segflux"]["pillow"] = "9.0.0"
    lines, _ = found([saved], [new])
    assert all("pillow 9.0.0 is now" in line for line in lines)


def test_the_fingerprint_of_hosted_pictures_is_compared_by_its_prints(runs, tmp_path):
    def bundle(quality, service):
        rows = []
        for run in runs:
            path = tmp_path / f"{quality}-{run.run}.jpg"
            run.image.save(path, quality=quality)
            rows.append((run.run, {"seed": run.seed}, path, run.status))
        made = fingerprint_of(rows, service)
        return made, output(*made._repr_mimebundle_())

    (first, saved), (second, new) = bundle(95, "segmind"), bundle(90, "segmind")
    assert str(first) != str(second)
    assert "Only `segflux check` compares what is seen" in str(first)
    assert found([saved], [new]) == ([], True)
    assert len(found([saved], [new], exact=True)[0]) == 4
    (_, saved), (_, new) = bundle(95, "simulator"), bundle(90, "simulator")
    assert found([saved], [new]) == ([], False), "of the simulator's pictures the text is exact"


def test_versions_of_libraries_are_compared():
    software = b"....tEXtSoftware\x00Matplotlib version%s, https://matplotlib.org/\x80"
    assert drawn_with(software % b"3.9.2", software % b"3.9.2") == ""
    assert "Matplotlib 3.9.2, and is now drawn by Matplotlib 3.11.0" in drawn_with(
        software % b"3.9.2", software % b"3.11.0"
    )
    assert differing({"pillow": "1"}, {}) == "pillow 1 is now gone"


@pytest.mark.parametrize(("saved", "new"), [([1, 2], [1, 3]), (["ab"], ["a", "b"]), ([{"a": 1}], []), ([], [None])])
def test_a_list_of_json_is_compared_as_it_is(saved, new):
    for mime in ("application/json", "application/vnd.mine.v1+json"):
        one, other = output({mime: saved}), output({mime: new})
        assert found([one], [dict(one)]) == ([], True)
        assert found([one], [other]) == ([], False)


@pytest.mark.parametrize(
    "start", ["data:image/png;base64,", "data:image/PNG;base64,", "data:image/png;name=a.png;base64,"]
)
def test_a_picture_is_found_however_its_address_is_written(start):
    for html in (f"<img src={start}{{}} alt=two>", f"<img alt='x' src='{start}{{}}'>"):
        saved, changed = (
            output({"text/html": html.format(picture(10))}),
            output({"text/html": html.format(picture(11))}),
        )
        lines, texts = found([saved], [changed])
        assert (len(lines), texts) == (1, True)
        assert "pixels" in lines[0], lines
        other = output({"text/html": html.format(picture(10)) + " and more"})
        assert found([saved], [other]) == ([], False)
    bare = output({"text/html": f"<img src={start}{picture(10)} alt=two>"})
    assert found([bare], [output({"text/html": f"<img src={start}{picture(10)} alt=six>"})]) == ([], False)


def test_a_picture_in_lines_is_one_picture():
    data = picture(10)
    lines = "%0A".join(data[at : at + 76] for at in range(0, len(data), 76))
    wrapped = "\n".join(data[at : at + 76] for at in range(0, len(data), 76))
    one = output({"text/html": f'<img src="data:image/png;base64,{data}">'})
    for other in (lines, wrapped, data.replace("=", "%3D").replace("+", "%2B")):
        assert found([one], [output({"text/html": f'<img src="data:image/png;base64,{other}">'})]) == ([], True)


def test_svg_inside_html_is_compared_without_made_up_ids():
    def page(name, colour):
        svg = f'<svg><clipPath id="{name}"/><g fill="{colour}" clip-path="url(#{name})"/></svg>'
        return output(
            {"text/html": f'<img src="data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}">'}
        )

    assert found([page("p1f0c", "red")], [page("p2a3b", "red")]) == ([], True)
    assert found([page("p1f0c", "red")], [page("p1f0c", "tan")]) == ([], False)
