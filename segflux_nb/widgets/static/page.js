// The script of a page with a gallery. All thumbnails are in the page's data. The pictures are there too (`#full`), or
// they are the pictures of the static sheet (`#static`), which the page shows where no script runs.

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
 * @param {import("./gallery/state.js").Item[]} items
 * @param {number} at The number of the picture: that of its item, or one of the item's further pictures.
 * @returns {string[]}
 */
function pictureIn(sheet, items, at) {
  const item = items[at] ?? items.find(({ more }) => more?.includes(at));
  const number = String(items[at] ? 0 : item.more.indexOf(at) + 1);
  const images = /** @type {HTMLImageElement[]} */ ([...sheet.querySelectorAll("img[data-run]")]);
  const image = images.find(({ dataset }) => dataset.run === item.run && (dataset.number ?? "0") === number);
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

const state = dataOf("state");
const full = dataOf("full");
const root = document.getElementById("gallery");
const sheet = document.getElementById("static");
state.thumbs = decoded(state.thumbs);
new Gallery(new PageModel(state, (at) => (full ? (full[at] ?? []) : pictureIn(sheet, state.items, at))), root);
if (sheet) addSwitch(root, sheet);
