// What a gallery shows as one picture: a contact sheet that the browser draws where there is no kernel.

import { Geometry } from "./geometry.js";
import { labelsApart } from "./labels.js";
import { cornerText } from "./measuring.js";
import { countCells, pivot } from "./pivot.js";

/** @import { Gallery } from "./gallery.js" */

const AT = { margin: 24, flow: 1600, label: 260, corner: 22, head: 30, title: 44, foot: 28 };
const FONTS = {
  plain: "14px system-ui, sans-serif",
  bold: "600 15px system-ui, sans-serif",
  title: "600 20px system-ui, sans-serif",
};
const INKS = { ground: "#ffffff", text: "#1f2328", quiet: "#57606a", empty: "#eceef0" };

/** Browsers draw at most this number of pixels on one canvas, Safari the fewest. */
const MOST_PIXELS = 16_000_000;
const MOST_SIDE = 16_000;
const SIZES = [384, 320, 256, 192, 160, 128, 96, 64, 48, 32, 24, 16, 8];

/** Beyond this size a thumbnail is not sharp. */
const SHARP = 256;

/**
 * The sheet as a PNG: of each cell the picture that the gallery shows.
 *
 * @param {Gallery} gallery
 * @param {string} title
 * @returns {Promise<Blob>}
 */
export async function drawSheet(gallery, title) {
  const { rows, shownNow, views, model } = gallery;
  const view = views.layout;
  const groups = pivot(rows, view, shownNow);
  const canvas = document.createElement("canvas");
  const pen = canvas.getContext("2d");
  const geometry = fitting(pen, gallery, groups);
  const width = Math.max(geometry.width || AT.flow, 640) + 2 * AT.margin;
  canvas.width = width;
  canvas.height = geometry.height + AT.title + AT.foot + 2 * AT.margin;
  pen.fillStyle = INKS.ground;
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.textBaseline = "middle";
  pen.translate(AT.margin, AT.margin);
  write(pen, title, { x: 0, y: 14, width: width - 2 * AT.margin, font: FONTS.title });
  pen.translate(0, AT.title);
  const cells = countCells(groups);
  const behind = shownNow.length - cells;
  const words = [
    `${cells.toLocaleString("en")} of ${rows.number.toLocaleString("en")} run${rows.number === 1 ? "" : "s"}`,
    behind ? `${behind.toLocaleString("en")} behind others in their cells` : "",
    model.get("note"),
  ];
  const foot = geometry.height + AT.foot / 2;
  write(pen, words.filter(Boolean).join(" · "), { x: 0, y: foot, width: width - 2 * AT.margin, colour: INKS.quiet });
  for (const section of geometry.sections) drawLabels(pen, geometry, section, view);
  for (const band of geometry.bands) await drawBand(pen, gallery, geometry, band, view);
  return await new Promise((done, fail) =>
    canvas.toBlob((blob) => (blob ? done(blob) : fail(new Error("This sheet is too large for the browser")))),
  );
}

/**
 * The places of the largest tiles that the browser can draw.
 *
 * @param {CanvasRenderingContext2D} pen
 * @param {Gallery} gallery
 * @param {import("./pivot.js").Group[]} groups
 */
function fitting(pen, { views, shownNow }, groups) {
  const view = views.layout;
  pen.font = FONTS.plain;
  const labels = groups.flatMap(({ lines }) => lines.map(({ label }) => pen.measureText(label).width));
  const label = view.cols && view.rows ? Math.min(AT.label, Math.max(40, ...labels) + 16) : 0;
  const hasCaptions = !view.cols || shownNow.length > countCells(groups);
  const corner = label ? AT.corner : 0;
  const measures = { width: AT.flow, label, head: AT.head + corner, corner, hasCaptions };
  const all = SIZES.map((size) => () => new Geometry(groups, view, { ...measures, size }));
  for (const make of all) {
    const geometry = make();
    const [across, down] = [geometry.width || AT.flow, geometry.height + AT.title + AT.foot];
    if (across * down <= MOST_PIXELS && Math.max(across, down) <= MOST_SIDE) return geometry;
  }
  throw new Error("A sheet of all these pictures is too large for the browser: set a filter");
}

/**
 * The title of a group, and the labels of its columns and rows.
 *
 * @param {CanvasRenderingContext2D} pen
 * @param {Geometry} geometry
 * @param {import("./geometry.js").Section} section
 * @param {import("./messages.js").View} view
 */
function drawLabels(pen, geometry, { group, top, start, first, last }, view) {
  const { size, corner, head } = geometry.measures;
  const title = view.by ? `${view.by}: ${group.label}` : "";
  if (title) write(pen, title, { x: 0, y: top + start / 2, width: AT.flow, font: FONTS.bold });
  if (corner) write(pen, cornerText(view), { x: 0, y: top + start + corner / 2, width: AT.flow, colour: INKS.quiet });
  const across = labelsApart(group.across);
  group.across.forEach((label, place) => {
    const x = geometry.left + place * geometry.step + size / 2;
    const y = top + start + corner + (head - corner) / 2;
    write(pen, across(label), { x, y, width: size, align: "center" });
  });
  const down = labelsApart(group.lines.map(({ label }) => label));
  for (const band of geometry.bands.slice(first, last)) {
    if (band.kind === "title") {
      write(pen, `${view.rows}: ${band.line.label}`, {
        x: 0,
        y: band.top + band.height / 2,
        width: AT.flow,
        font: FONTS.bold,
      });
    } else if (geometry.isGrid && view.rows) {
      const x = geometry.left - 12;
      write(pen, down(band.line.label), { x, y: band.top + size / 2, width: x, align: "right" });
    }
  }
}

/**
 * The tiles of a line.
 *
 * @param {CanvasRenderingContext2D} pen
 * @param {Gallery} gallery
 * @param {Geometry} geometry
 * @param {import("./geometry.js").Band} band
 * @param {import("./messages.js").View} view
 */
async function drawBand(pen, gallery, geometry, band, view) {
  const { board, pictures } = gallery;
  const { size, hasCaptions } = geometry.measures;
  for (let place = band.from; place < band.to; place++) {
    const cell = band.line.cells.get(place);
    if (!cell) continue;
    const row = view.cols ? board.shownIn(cell[0]) : cell[0];
    const { status, reason, caption, marks } = gallery.shown(row, cell);
    const [x, y] = [geometry.leftOf(band, place), band.top];
    pen.fillStyle = INKS.empty;
    pen.fillRect(x, y, size, size);
    const url = pictures.has(row) ? await (size > SHARP ? pictures.full(row) : pictures.small(row)) : undefined;
    const image = url ? await loaded(url) : null;
    const middle = { x: x + size / 2, width: size - 8, align: /** @type {const} */ ("center") };
    if (image) drawFitted(pen, image, x, y, size);
    else write(pen, [status, reason].filter(Boolean).join(": "), { ...middle, y: y + size / 2, colour: INKS.quiet });
    const more = [marks, cell.length > 1 ? `+${cell.length - 1}` : ""].filter(Boolean).join("  ");
    if (more && size >= 64) badge(pen, more, x + 4, y + size - 24, size - 8);
    if (hasCaptions && caption) write(pen, caption, { ...middle, y: y + size + 12, colour: INKS.quiet });
  }
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {HTMLImageElement} image
 * @param {number} x
 * @param {number} y
 * @param {number} size
 */
function drawFitted(pen, image, x, y, size) {
  const scale = Math.min(size / image.naturalWidth, size / image.naturalHeight);
  const [width, height] = [image.naturalWidth * scale, image.naturalHeight * scale];
  pen.drawImage(image, x + (size - width) / 2, y + (size - height) / 2, width, height);
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {string} text
 * @param {number} x
 * @param {number} y
 * @param {number} most Its greatest width.
 */
function badge(pen, text, x, y, most) {
  pen.font = FONTS.plain;
  const width = Math.min(most, pen.measureText(text).width + 12);
  pen.fillStyle = "rgba(0, 0, 0, .78)";
  pen.fillRect(x, y, width, 20);
  write(pen, text, { x: x + 6, y: y + 10, width: width - 8, colour: "#ffffff" });
}

/**
 * Writes a text in one line; what does not fit ends in dots.
 *
 * @param {CanvasRenderingContext2D} pen
 * @param {string} text
 * @param {{ x: number, y: number, width: number, align?: CanvasTextAlign, font?: string, colour?: string }} how
 */
function write(pen, text, { x, y, width, align = "left", font = FONTS.plain, colour = INKS.text }) {
  pen.font = font;
  pen.fillStyle = colour;
  pen.textAlign = align;
  let shown = text;
  for (let length = text.length - 1; length > 0 && pen.measureText(shown).width > width; length--) {
    shown = `${text.slice(0, length).trimEnd()}…`;
  }
  pen.fillText(shown, x, y);
}

/** @param {string} url @returns {Promise<HTMLImageElement | null>} */
async function loaded(url) {
  const image = new Image();
  image.src = url;
  try {
    await image.decode();
    return image;
  } catch {
    return null; // a picture that cannot be read has no picture in the sheet
  }
}
