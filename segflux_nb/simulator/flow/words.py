"""The words of a prompt, and the lexicon: words that have a meaning, beside a direction of their own.

A meaning is a number with a name, such as ``night``: 0 says nothing, 1 says it outright. Each is a coordinate of the
latent. Words move it, so what two words mean together is the sum of what they mean alone.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping

MEANINGS = (
    "night",
    "sun_high",
    "warm",
    "light",
    "moon",
    "stars",
    "clouds",
    "storm",
    "rain",
    "mist",
    "snow",
    "spring",
    "autumn",
    "calm",
    "dramatic",
    "mountains",
    "forest",
    "desert",
    "city",
    "vivid",
    "red",
    "orange",
    "yellow",
    "green",
    "blue",
    "violet",
)
"""Names of the meanings, in the order of their coordinates."""

_SAYINGS: tuple[tuple[str, Mapping[str, float]], ...] = (
    # time of day
    ("night nighttime 🌃 🌌", {"night": 1.0, "stars": 0.5, "moon": 0.5}),
    ("midnight", {"night": 1.2, "stars": 0.7}),
    ("dawn sunrise daybreak 🌅 🌄", {"warm": 0.8, "sun_high": -1.0, "mist": 0.3, "red": 0.2, "night": -0.7}),
    ("sunset evening 🌇", {"warm": 1.0, "sun_high": -1.0, "orange": 0.3, "night": -0.5}),
    ("dusk twilight", {"night": 0.4, "warm": 0.5, "sun_high": -1.0, "violet": 0.4}),
    ("morning", {"warm": 0.4, "sun_high": -0.4, "light": 0.2, "night": -0.8}),
    ("noon midday", {"sun_high": 1.0, "light": 0.5, "night": -1.0, "warm": -0.5}),
    ("day daytime daylight", {"night": -1.0, "light": 0.4}),
    ("afternoon", {"sun_high": 0.4, "warm": 0.3}),
    ("high", {"sun_high": 1.0}),
    ("low", {"sun_high": -1.0}),
    ("moon moonlight moonlit 🌙 🌕", {"moon": 1.0, "night": 0.6}),
    ("star stars starry ⭐ ✨", {"stars": 1.0, "night": 0.6}),
    # weather
    ("storm stormy thunderstorm thunder ⛈", {"storm": 1.0, "clouds": 0.7, "calm": -0.7, "dramatic": 0.4}),
    ("rain rainy 🌧", {"rain": 1.0, "clouds": 0.7, "vivid": -0.2}),
    ("mist misty fog foggy haze hazy 🌫", {"mist": 1.0}),
    ("cloud clouds cloudy overcast ☁", {"clouds": 1.0}),
    ("clear cloudless", {"clouds": -1.0, "mist": -0.7, "storm": -0.7, "rain": -0.7}),
    ("sunny sunshine ☀", {"light": 0.7, "clouds": -0.7, "night": -1.0, "storm": -0.5, "rain": -0.7}),
    ("wind windy waves", {"calm": -1.0}),
    ("snow snowy snowfall ❄ ☃ ⛄", {"snow": 1.0}),
    ("ice icy frost frozen", {"snow": 0.6, "blue": 0.3}),
    # season
    ("winter", {"snow": 0.8, "sun_high": -0.4, "vivid": -0.2}),
    ("spring blossom 🌸", {"spring": 1.0, "light": 0.2}),
    ("summer", {"green": 0.5, "sun_high": 0.5, "light": 0.3, "snow": -0.8}),
    ("autumn autumnal 🍁 🍂", {"autumn": 1.0}),
    # colours
    ("red scarlet crimson ❤ 🔴", {"red": 1.0}),
    ("orange 🟠", {"orange": 1.0}),
    ("yellow 🟡", {"yellow": 1.0}),
    ("green emerald 🟢", {"green": 1.0}),
    ("blue azure 🔵", {"blue": 1.0}),
    ("violet purple lilac 🟣", {"violet": 1.0}),
    ("pink rose", {"red": 0.8, "violet": 0.6, "light": 0.4}),
    ("gold golden", {"yellow": 0.8, "orange": 0.7, "warm": 0.3}),
    ("turquoise teal cyan", {"green": 0.8, "blue": 0.8}),
    ("brown", {"orange": 0.8, "light": -0.5, "vivid": -0.3}),
    ("white", {"light": 0.8, "vivid": -0.6}),
    ("black", {"light": -1.0, "vivid": -0.4}),
    ("grey gray monochrome", {"vivid": -1.0}),
    ("colourful colorful vivid vibrant", {"vivid": 1.0}),
    ("pastel pale", {"light": 0.5, "vivid": -0.5}),
    ("neon", {"vivid": 1.0, "violet": 0.8, "city": 0.5}),
    ("bright", {"light": 0.8}),
    ("dark", {"light": -0.8}),
    # place
    ("mountain mountains mountainous alpine peak peaks ⛰ 🏔", {"mountains": 1.0}),
    ("plain plains flat meadow", {"mountains": -1.0, "green": 0.2}),
    ("forest woods trees 🌲 🌳", {"forest": 1.0}),
    ("desert dunes sand 🏜", {"desert": 1.0}),
    ("city town skyline street 🏙", {"city": 1.0}),
    ("village", {"city": 0.5}),
    ("lake pond", {"calm": 0.4}),
    ("sea ocean 🌊", {"calm": -0.5, "mountains": -0.4, "blue": 0.3}),
    # mood
    ("calm peaceful serene quiet tranquil", {"calm": 1.0, "dramatic": -0.5}),
    ("dramatic epic majestic", {"dramatic": 1.0}),
)

LEXICON: Mapping[str, Mapping[str, float]] = {
    word: meaning for spellings, meaning in _SAYINGS for word in spellings.split()
}
"""The words that have a meaning, and what each says. ``docs/simulator.md`` lists them."""


def meaning_of(said: Iterable[str]) -> dict[str, float]:
    """What words mean together: a number for each of `MEANINGS`.

    >>> both = meaning_of(["snow", "night"])
    >>> both["snow"], both["night"], both["storm"]
    (1.0, 1.0, 0.0)
    """
    total = dict.fromkeys(MEANINGS, 0.0)
    for word in said:
        for name, value in LEXICON.get(word, {}).items():
            total[name] += value
    return total


_JOINER = "\u200d"
_INVISIBLE = ("\u200c", _JOINER)
"""Characters that shape a word in Persian or Hindi without ending it. The joiner also joins emoji into one."""

_VARIATIONS = ("\ufe0e", "\ufe0f")
"""They choose between the plain and the coloured form of a symbol."""


def words(prompt: str) -> list[str]:
    """The words of a prompt, without case and punctuation. Each emoji is a word, and marks belong to their letter.

    >>> words("A red LAKE, नमस्ते 🦊🐉")
    ['a', 'red', 'lake', 'नमस्ते', '🦊', '🐉']
    """
    found: list[str] = []
    symbol = joins = open_ = False
    for char in unicodedata.normalize("NFKC", prompt).casefold():
        category = unicodedata.category(char)
        if char in _VARIATIONS:
            continue
        if char in _INVISIBLE:
            joins = symbol and char == _JOINER
        elif category[0] == "M" or _is_modifier(char):
            if open_:
                found[-1] += char
            else:
                found.append(char)
            symbol, open_ = symbol and open_, True
        elif char.isalnum():
            if open_ and not symbol:
                found[-1] += char
            else:
                found.append(char)
            symbol, joins, open_ = False, False, True
        elif category == "So" or (category == "Sm" and char > "\u2190"):
            if open_ and symbol and (joins or (_is_flag_letter(char) and _half_a_flag(found[-1]))):
                found[-1] += char
            else:
                found.append(char)
            symbol, joins, open_ = True, False, True
        else:
            symbol = joins = open_ = False
    return found


def _is_modifier(char: str) -> bool:
    """Whether it is a skin tone, or one of the tags that spell a flag."""
    return "\U0001f3fb" <= char <= "\U0001f3ff" or "\U000e0020" <= char <= "\U000e007f"


def _is_flag_letter(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"


def _half_a_flag(word: str) -> bool:
    return len(word) == 1 and _is_flag_letter(word)
