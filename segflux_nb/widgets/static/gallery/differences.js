// The mean difference of two pictures: the same function as segflux_nb/analysis/differences.py, which explains it.
// Both are held to tests/golden/differences.json. Pure: it needs no browser.

const SIDE = 64; // pixels of a side of a Lab thumbnail
const KAPPA = 24389 / 27;
const EPSILON = 216 / 24389;
const TO_XYZ = [
  [0.4124564, 0.3575761, 0.1804375],
  [0.2126729, 0.7151522, 0.072175],
  [0.0193339, 0.119192, 0.9503041],
];
const WHITE = TO_XYZ.map((row) => row[0] + row[1] + row[2]);

/**
 * CIE L*a*b* of an sRGB colour.
 *
 * @param {number} red From 0 to 255.
 * @param {number} green
 * @param {number} blue
 * @returns {[number, number, number]}
 */
export function lab(red, green, blue) {
  const linear = [red, green, blue].map((stored) => {
    const value = stored / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  const [x, y, z] = TO_XYZ.map((row, n) => {
    const value = (row[0] * linear[0] + row[1] * linear[1] + row[2] * linear[2]) / WHITE[n];
    return value > EPSILON ? Math.cbrt(value) : (KAPPA * value + 16) / 116;
  });
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

/**
 * For each of 64 parts of a side: the first pixel that it covers, and the share of each that it covers.
 *
 * @param {number} length Pixels of the side.
 */
function parts(length) {
  return Array.from({ length: SIDE }, (_, part) => {
    const start = (part * length) / SIDE;
    const end = ((part + 1) * length) / SIDE;
    const first = Math.floor(start);
    const shares = [];
    for (let at = first; at < end; at++) {
      shares.push(((Math.min(end, at + 1) - Math.max(start, at)) * SIDE) / length);
    }
    return { first, shares };
  });
}

/**
 * A picture as 64 × 64 area means, in Lab.
 *
 * @param {ArrayLike<number>} pixels Red, green, blue and alpha of each pixel, row by row, as canvases give them.
 * @param {number} width
 * @param {number} height
 * @returns {Float64Array} L*, a* and b* of each of the 4,096.
 */
export function labThumbnail(pixels, width, height) {
  const narrow = new Float64Array(height * SIDE * 3); // each row of the picture as 64 means
  const columns = parts(width);
  for (let y = 0; y < height; y++) {
    columns.forEach(({ first, shares }, column) => {
      const to = (y * SIDE + column) * 3;
      shares.forEach((share, n) => {
        const from = (y * width + first + n) * 4;
        for (let channel = 0; channel < 3; channel++) narrow[to + channel] += share * pixels[from + channel];
      });
    });
  }
  const found = new Float64Array(SIDE * SIDE * 3);
  const mean = [0, 0, 0];
  parts(height).forEach(({ first, shares }, row) => {
    for (let column = 0; column < SIDE; column++) {
      mean.fill(0);
      shares.forEach((share, n) => {
        const from = ((first + n) * SIDE + column) * 3;
        for (let channel = 0; channel < 3; channel++) mean[channel] += share * narrow[from + channel];
      });
      found.set(lab(mean[0], mean[1], mean[2]), (row * SIDE + column) * 3);
    }
  });
  return found;
}

/**
 * The mean CIE76 difference of two pictures.
 *
 * @param {Float64Array} one A Lab thumbnail.
 * @param {Float64Array} other
 */
export function meanDifference(one, other) {
  let sum = 0;
  for (let at = 0; at < one.length; at += 3) {
    sum += Math.hypot(one[at] - other[at], one[at + 1] - other[at + 1], one[at + 2] - other[at + 2]);
  }
  return sum / (one.length / 3);
}

/**
 * A mean difference as it is written everywhere.
 *
 * @param {number} difference
 */
export function differenceText(difference) {
  return `ΔE ${difference.toFixed(1)}`;
}

/**
 * The name of a pair of items in what Python sends, whichever of them comes first.
 *
 * @param {number} one
 * @param {number} other
 */
export function pairName(one, other) {
  return `${Math.min(one, other)}-${Math.max(one, other)}`;
}
