"""Text on colours of the scale can be read, whatever the value."""

from segflux_nb.sheets.colours import on_scale, readable_on


def contrast(one, other):
    """The contrast of WCAG 2 between two colours of sRGB, as its definition has it."""

    def luminance(colour):
        parts = [value / 255 for value in colour]
        parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_numbers_on_the_scale_have_the_contrast_of_small_text():
    inks = {"#000000": (0, 0, 0), "#ffffff": (255, 255, 255)}
    for share in range(1001):
        colour = on_scale(share / 1000)
        own = contrast(colour, inks[readable_on(colour)])
        assert own == max(contrast(colour, ink) for ink in inks.values())
        assert own >= 4.5
