// The script of a page with a gallery. All thumbnails are in the page's data. The pictures are there too (`#full`), or
// they are the pictures of the static sheet (`#static`), which the page shows where no script runs.

import { Gallery } from "./gallery/gallery.js";
import { decoded, encoded, PageModel } from "./gallery/page_model.js";
import { partOf } from "./gallery/page_part.js";
import { drawSheet } from "./gallery/page_sheet.js";
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
 * This page, with the marks that were made in it.
 *
 * @param {Record<string, any>} state
 */
function thisPage({ marks, rater, view }) {
  const copy = /** @type {HTMLElement} */ (document.documentElement.cloneNode(true));
  const data = copy.querySelector("#state");
  data.textContent = json({ ...JSON.parse(data.textContent), marks, rater, view });
  copy.querySelector("#gallery").replaceChildren();
  copy.querySelector(".switch")?.remove();
  return asFile(copy);
}

/**
 * A page of some rows: a gallery and nothing else, with the style and the script of this page.
 *
 * @param {Record<string, any>} state
 * @param {(at: number) => string[]} picture
 * @param {number[]} rows
 */
function pageOf(state, picture, rows) {
  const part = partOf(state, rows);
  const { body, head, documentElement } = document.implementation.createHTMLDocument(document.title);
  const style = [...document.querySelectorAll("style")].map(({ textContent }) => textContent);
  const scheme = getComputedStyle(document.documentElement).colorScheme;
  const own = `html { color-scheme: ${scheme} } body { margin: 0 } .sfx-gallery { height: 100vh; max-height: 100vh }`;
  const full = part.pictures.map((at) => (picture(at).length ? picture(at) : null));
  const { thumbs, codes } = part.state;
  const data = { type: "application/json" };
  const parts = [
    el("script", { ...data, id: "full" }, json(full)),
    el("div", { id: "gallery" }),
    el("script", { ...data, id: "state" }, json({ ...part.state, thumbs: encoded(thumbs), codes: encoded(codes) })),
    el("script", { type: "module" }, document.querySelector('script[type="module"]').textContent),
  ];
  documentElement.lang = "en";
  head.prepend(el("meta", { charset: "utf-8" }));
  head.append(el("meta", { name: "viewport", content: "width=device-width, initial-scale=1" }));
  head.append(el("style", {}, ...style, own));
  body.append(...parts);
  return asFile(documentElement);
}

/** @param {HTMLElement} page */
function asFile(page) {
  return { name: "gallery.html", content: new Blob([`<!doctype html>\n${page.outerHTML}`], { type: "text/html" }) };
}

/** A value as a script element can hold it. @param {any} value */
function json(value) {
  return JSON.stringify(value).replaceAll("<", "\\u003c");
}

const state = dataOf("state");
const full = dataOf("full");
const root = document.getElementById("gallery");
const sheet = document.getElementById("static");
for (const name of ["thumbs", "codes"]) state[name] = decoded(state[name]);
/** @param {number} at The number of a picture. */
const picture = (at) => (full ? (full[at] ?? []) : pictureIn(sheet, state.table, at));
const model = new PageModel(state, picture);
const gallery = new Gallery(model, root);
model.files = {
  sheet: async () => ({ name: "sheet.png", content: await drawSheet(gallery, document.title) }),
  html: async (rows) => pageOf(model.state, picture, rows),
  page: async () => thisPage(model.state),
};
if (sheet) addSwitch(root, sheet);
