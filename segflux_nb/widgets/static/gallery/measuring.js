// How much room labels need.

const LEAST = 56;
const MOST = 220;
const MOST_NARROW = 96;
const NARROW = 560;

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

/**
 * The width of the labels of rows: that of the longest one, or of the corner's, within limits.
 *
 * @param {import("./pivot.js").Group[]} groups
 * @param {import("./messages.js").View} view
 * @param {number} width Of the area.
 * @param {HTMLElement} area
 */
export function labelWidth(groups, { cols, rows }, width, area) {
  const texts = [...groups.flatMap(({ lines }) => longest(lines.map(({ label }) => label))), `${rows} ↓ ${cols} →`];
  const needed = Math.max(...texts.map((text) => widthOf(text, area))) + 20;
  return Math.round(Math.max(LEAST, Math.min(width < NARROW ? MOST_NARROW : MOST, needed)));
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
