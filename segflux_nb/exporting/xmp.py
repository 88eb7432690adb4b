"""XMP packets: the texts in them, and packets without some of their texts. Pure.

A packet is an XML text. Editors of pictures keep titles, authors and changes in it, and some programs what a picture
was made of (https://developer.adobe.com/xmp/docs/XMPSpecifications).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from xml.etree import ElementTree

KEYWORD = "XML:com.adobe.xmp"
"""The keyword of a packet in a PNG."""

IN_JPEG = b"http://ns.adobe.com/xap/1.0/\0"
"""How the segment of a JPEG begins that holds a packet."""

COMMENT = "exif:UserComment"

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_PREFIXES = {
    _RDF: "rdf",
    "adobe:ns:meta/": "x",
    "http://ns.adobe.com/exif/1.0/": "exif",
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://ns.adobe.com/xap/1.0/": "xmp",
    "http://ns.adobe.com/tiff/1.0/": "tiff",
    "http://ns.adobe.com/photoshop/1.0/": "photoshop",
    "http://iptc.org/std/Iptc4xmpExt/2008-02-29/": "Iptc4xmpExt",
}
_SOURCE_TYPE = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/", "DigitalSourceType"
_MOST = 16_000_000
"""The most characters of a packet that is read."""


def properties(packet: str) -> dict[str, str]:
    """The texts of a packet, by the name of their property, such as ``dc:description``.

    Parameters
    ----------
    packet:
        The packet. One that is damaged has none.

    >>> properties('<r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><r:Description'
    ...            ' xmlns:d="http://purl.org/dc/elements/1.1/" d:format="image/png"/></r:RDF>')
    {'dc:format': 'image/png'}
    """
    tree = _tree(packet)
    found: dict[str, str] = {}
    for name, text, _, _ in _properties(tree) if tree is not None else ():
        if text:
            found.setdefault(name, text)
    return found


def without(packet: str, is_stale: Callable[[str, str], bool]) -> str:
    """A packet without some of its properties; the packet itself where it has none of them.

    Parameters
    ----------
    packet:
        The packet.
    is_stale:
        Called with the name and the text of each property: whether it is taken out.
    """
    tree = _tree(packet)
    stale = [one for one in _properties(tree) if is_stale(one[0], one[1])] if tree is not None else []
    if tree is None or not stale:
        return packet
    for _, _, holder, part in stale:
        if isinstance(part, str):
            del holder.attrib[part]
        else:
            holder.remove(part)
    return _written(tree)


def with_source_type(packet: str, source_type: str) -> str:
    """A packet that says how its picture was made, in IPTC's ``DigitalSourceType``; one that says so stays as it is.

    Parameters
    ----------
    packet:
        The packet. One that is empty or damaged gives way to a new one.
    source_type:
        A term of http://cv.iptc.org/newscodes/digitalsourcetype, as an address.
    """
    tree = _tree(packet)
    holder = None if tree is None else next(tree.iter(f"{{{_RDF}}}RDF"), None)
    if tree is None or holder is None:
        tree = ElementTree.Element("{adobe:ns:meta/}xmpmeta")
        holder = ElementTree.SubElement(tree, f"{{{_RDF}}}RDF")
    name = "{{{}}}{}".format(*_SOURCE_TYPE)
    for described in holder.iter(f"{{{_RDF}}}Description"):
        said = described.find(name)
        if described.get(name) or (said is not None and (_text(said) or said.get(f"{{{_RDF}}}resource"))):
            return packet
        described.attrib.pop(name, None)
        if said is not None:  # without a value
            described.remove(said)
    first = holder.find(f"{{{_RDF}}}Description")
    if first is None:
        first = ElementTree.SubElement(holder, f"{{{_RDF}}}Description", {f"{{{_RDF}}}about": ""})
    ElementTree.SubElement(first, name).text = source_type
    return _written(tree)


def _written(tree: ElementTree.Element) -> str:
    for space, prefix in _PREFIXES.items():
        ElementTree.register_namespace(prefix, space)
    text = ElementTree.tostring(tree, encoding="unicode")
    return f'<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n{text}\n<?xpacket end="w"?>'


def _tree(packet: str) -> ElementTree.Element | None:
    """The elements of a packet; None for one that is damaged, too long, or defines entities."""
    text = packet.strip("\0 \r\n\t\ufeff")
    if len(text) > _MOST or "<!" in text.replace("<!--", "").replace("<![CDATA[", ""):
        return None
    try:
        return ElementTree.fromstring(text)  # noqa: S314 - without entities, which could be used to fill the memory
    except (ElementTree.ParseError, ValueError):
        return None


def _properties(
    tree: ElementTree.Element,
) -> Iterator[tuple[str, str, ElementTree.Element, ElementTree.Element | str]]:
    """The name and the text of each property, the element that holds it, and the attribute or element that it is."""
    for holder in tree.iter(f"{{{_RDF}}}Description"):
        for attribute, value in holder.attrib.items():
            if not attribute.startswith(f"{{{_RDF}}}"):
                yield _name(attribute), value.strip(), holder, attribute
        for element in holder:
            yield _name(element.tag), _text(element), holder, element


def _name(tag: str) -> str:
    space, _, name = tag.removeprefix("{").rpartition("}")
    return f"{_PREFIXES[space]}:{name}" if space in _PREFIXES else f"{space}{name}"


def _text(element: ElementTree.Element) -> str:
    """The text of a property: its own, or the entries of a list, one a line; of several languages the first."""
    entries = list(element.iter(f"{{{_RDF}}}li"))
    if entries and element.find(f"{{{_RDF}}}Alt") is not None:
        entries = entries[:1]
    texts: Collection[str] = ["".join(entry.itertext()) for entry in entries] or ["".join(element.itertext())]
    return "\n".join(text.strip() for text in texts if text.strip())
