// How much room labels need.

const LEAST = 56;
const MOST = 220;
const MOST_NARROW = 96;
const NARROW = 560;
const CORNER = 20;

/** @type {CanvasRenderingContext2D | null} */
let pen = null;

/**
 * How wide a text is, in the font of an element.
 *
 * @param {string} text
 * @param {HTMLElement} element
 */
function widthOf(text, element) {
  pen ??= document.createElement("canvas").getContext("2d");
  pen.font = getComputedStyle(element).font;
  return pen.measureText(text).width;
}

/** The longest of some texts, by their characters. @param {string[]} texts */
function longest(texts) {
  return texts.reduce((most, text) => (text.length > most.length ? text : most), "");
}

/** What stands in the corner of a grid. @param {import("./messages.js").View} view */
export function cornerText({ cols, rows }) {
  return `${rows} ↓ ${cols} →`;
}

/**
 * The width of the labels of rows: that of the longest one, and of the corner's where there is room, within limits.
 *
 * @param {import("./pivot.js").Group[]} groups
 * @param {import("./messages.js").View} view
 * @param {number} width Of the area.
 * @param {HTMLElement} area
 */
export function labelWidth(groups, view, width, area) {
  const texts = groups.map(({ lines }) => longest(lines.map(({ label }) => label)));
  if (width >= NARROW) texts.push(cornerText(view));
  const needed = Math.max(...texts.map((text) => widthOf(text, area))) + 20;
  return Math.round(Math.max(LEAST, Math.min(width < NARROW ? MOST_NARROW : MOST, needed)));
}

/**
 * The height of the line that the corner's text needs above the labels of columns; 0 where it fits beside them.
 *
 * @param {import("./messages.js").View} view
 * @param {number} label The width of the labels of rows; 0 for none.
 * @param {HTMLElement} area
 */
export function cornerHeight(view, label, area) {
  return label && widthOf(cornerText(view), area) + 12 > label ? CORNER : 0;
}

/**
 * The height of the labels of columns: one line if all of them fit, else three.
 *
 * @param {import("./pivot.js").Group[]} groups
 * @param {number} size Of a tile.
 * @param {HTMLElement} area
 */
export function headHeight(groups, size, area) {
  const text = longest(groups.flatMap(({ across }) => longest(across)));
  return text && widthOf(text, area) > size - 14 ? 64 : 32;
}
