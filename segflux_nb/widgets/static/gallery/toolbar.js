// The gallery's toolbar: what stands where, filters, size, and buttons.

import { el } from "../shared/dom.js";
import { NONE, SIZE } from "./state.js";

/**
 * What the toolbar does.
 *
 * @typedef {object} Actions
 * @property {(view: import("./state.js").View) => void} change Changes the view, and draws it.
 * @property {(size: number, isFinal: boolean) => void} resize
 * @property {(name: string, value: string, isHidden: boolean) => void} hide
 * @property {() => void} zoom
 * @property {() => void} compare
 * @property {() => void} help
 */

const STARS = [["", "any"], ...[1, 2, 3, 4, 5].map((n) => [String(n), "★".repeat(n)])];
const FLAGS = [["", "all"], ...["picked", "not rejected", "unrated"].map((flag) => [flag, flag])];

/**
 * @param {import("./state.js").State} state
 * @param {boolean} isZoomed
 * @param {Actions} actions
 */
export function toolbar({ view, columns }, isZoomed, actions) {
  const names = columns.map(({ name }) => [name, name]);
  const axes = [[NONE, "none"], ...names];
  /** @param {string} label @param {keyof import("./state.js").View} key @param {string[][]} options */
  const choose = (label, key, options) => {
    const chosen = String(view[key] ?? "");
    const select = el(
      "select",
      {},
      ...options.map(([value, text]) => el("option", { value, selected: value === chosen }, text)),
    );
    select.addEventListener("change", () => actions.change({ [key]: select.value }));
    return el("label", {}, `${label} `, select);
  };
  const size = el("input", { type: "range", min: 64, max: 384, step: 16, value: view.size ?? SIZE });
  size.addEventListener("input", () => actions.resize(Number(size.value), false));
  size.addEventListener("change", () => actions.resize(Number(size.value), true));
  const zoom = { type: "button", "aria-pressed": String(isZoomed), class: "sfx-zoom", onclick: actions.zoom };
  const hidden = Object.entries(view.hidden ?? {}).flatMap(([name, values]) =>
    values.map((value) => showAgain(name, value, actions)),
  );
  return el(
    "div",
    { class: "sfx-bar", role: "toolbar", "aria-label": "Gallery" },
    choose("Columns", "cols", axes),
    choose("Rows", "rows", axes),
    choose("Groups", "by", axes),
    choose("Sort", "sort", [[NONE, "as it is"], ["stars", "stars"], ...names]),
    choose("Stars from", "stars", STARS),
    choose("Show", "flag", FLAGS),
    el("label", {}, "Size ", size),
    el("button", zoom, "1:1 (z)"),
    el("button", { type: "button", class: "sfx-compare", onclick: actions.compare }, "Compare (c)"),
    el("button", { type: "button", onclick: actions.help }, "Help (?)"),
    ...hidden,
  );
}

/**
 * The button that shows a hidden value again.
 *
 * @param {string} name
 * @param {string} value
 * @param {Actions} actions
 */
function showAgain(name, value, actions) {
  const onclick = () => actions.hide(name, value, false);
  const attributes = { type: "button", class: "sfx-hidden", "aria-label": `Show ${name} ${value} again`, onclick };
  return el("button", attributes, `${name} ${value} hidden ×`);
}
