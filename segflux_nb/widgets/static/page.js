// The script of a page with a gallery. All thumbnails are in the page's data. The pictures are there too (`#full`), or
// they are the pictures of the static sheet (`#static`), which the page shows where no script runs.

import { download } from "./gallery/desk.js";
import { Gallery } from "./gallery/gallery.js";
import { decoded, PageModel } from "./gallery/page_model.js";
import { el } from "./shared/dom.js";

/** @param {string} id */
function dataOf(id) {
  const element = document.getElementById(id);
  return element ? JSON.parse(element.textContent) : null;
}

/**
 * A picture of the static sheet: its mime type and its base64.
 *
 * @param {HTMLElement} sheet
 * @param {import("./gallery/messages.js").Table} table
 * @param {number} at The number of the picture: that of its row, or one of its output's further pictures.
 * @returns {string[]}
 */
function pictureIn(sheet, { number: rows, names, more }, at) {
  const row = at < rows ? at : Number(Object.keys(more).find((one) => more[one].includes(at)));
  const number = String(at < rows ? 0 : more[row].indexOf(at) + 1);
  const all = typeof names === "string" ? names.split(" ") : names;
  const run = names.length ? all[row] : String(row);
  const images = /** @type {HTMLImageElement[]} */ ([...sheet.querySelectorAll("img[data-run]")]);
  const image = images.find(({ dataset }) => dataset.run === run && (dataset.number ?? "0") === number);
  return image?.src.match(/^data:([^;]+);base64,(.*)$/s)?.slice(1) ?? [];
}

/**
 * Adds a button that shows either the gallery or the static sheet.
 *
 * @param {HTMLElement} gallery
 * @param {HTMLElement} sheet
 */
function addSwitch(gallery, sheet) {
  const button = el("button", { type: "button", class: "switch", onclick: () => show(Boolean(gallery.hidden)) });
  /** @param {boolean} isGallery */
  function show(isGallery) {
    gallery.hidden = !isGallery;
    sheet.hidden = isGallery;
    button.textContent = isGallery ? "Show the static sheet" : "Show the gallery";
    button.setAttribute("aria-pressed", String(!isGallery));
  }
  gallery.before(button);
  show(true);
}

/**
 * Keeps this page as a file, with the marks that were made in it.
 *
 * @param {Record<string, any>} state
 */
function savePage({ marks, rater, view }) {
  const copy = /** @type {HTMLElement} */ (document.documentElement.cloneNode(true));
  const data = copy.querySelector("#state");
  const text = JSON.stringify({ ...JSON.parse(data.textContent), marks, rater, view });
  data.textContent = text.replaceAll("<", "\\u003c");
  copy.querySelector("#gallery").replaceChildren();
  copy.querySelector(".switch")?.remove();
  download("gallery.html", new Blob([`<!doctype html>\n${copy.outerHTML}`], { type: "text/html" }));
}

const state = dataOf("state");
const full = dataOf("full");
const root = document.getElementById("gallery");
const sheet = document.getElementById("static");
for (const name of ["thumbs", "codes"]) state[name] = decoded(state[name]);
new Gallery(
  new PageModel(state, (at) => (full ? (full[at] ?? []) : pictureIn(sheet, state.table, at)), savePage),
  root,
);
if (sheet) addSwitch(root, sheet);
