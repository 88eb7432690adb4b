// The mean difference of two pictures: the table that Python is held to, within 0.3.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import {
  differenceText,
  lab,
  labThumbnail,
  meanDifference,
  pairName,
} from "../../segflux_nb/widgets/static/gallery/differences.js";

const TABLE = JSON.parse(readFileSync(new URL("../golden/differences.json", import.meta.url), "utf-8"));

/** The pixels that the table describes, as a canvas would give them. */
function pixelsOf({ width, height, channels, base64 }) {
  const pixels = new Uint8ClampedArray(width * height * 4).fill(255);
  const bytes = base64 ? Buffer.from(base64, "base64") : null;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = y * width + x;
      for (let channel = 0; channel < 3; channel++) {
        const value = (a, b, c, d, e) => Math.floor((a * x + b * y + c * x * y + d) / e) % 256;
        pixels[4 * at + channel] = bytes ? bytes[3 * at + channel] : value(...channels[channel]);
      }
    }
  }
  return pixels;
}

function thumbnailOf(name) {
  const picture = TABLE.pictures[name];
  return labThumbnail(pixelsOf(picture), picture.width, picture.height);
}

for (const { one, other, difference } of TABLE.pairs) {
  test(`${one} and ${other} differ by ${difference}`, () => {
    const found = meanDifference(thumbnailOf(one), thumbnailOf(other));
    assert.ok(Math.abs(found - difference) <= 0.01, `it is ${found}`);
    assert.equal(meanDifference(thumbnailOf(other), thumbnailOf(one)), found);
  });
}

test("colours have their published L*a*b* values", () => {
  const close = (found, expected) =>
    found.forEach((value, n) => {
      assert.ok(Math.abs(value - expected[n]) < 0.01, `${found} is not ${expected}`);
    });
  close(lab(255, 0, 0), [53.2408, 80.0925, 67.2032]);
  close(lab(100, 150, 200), [60.5072, -2.7871, -30.9306]);
  close(lab(0, 0, 0), [0, 0, 0]);
});

test("the text is Python's", () => {
  assert.deepEqual([0, 0.04, 12.34, 100].map(differenceText), ["ΔE 0.0", "ΔE 0.0", "ΔE 12.3", "ΔE 100.0"]);
});

test("a pair has one name", () => {
  assert.equal(pairName(7, 3), "3-7");
  assert.equal(pairName(3, 7), "3-7");
});
