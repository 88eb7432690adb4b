// The gallery's grids: a table for each group, or tiles that flow where there are no columns.

import { el } from "../shared/dom.js";
import { labelsApart } from "./labels.js";
import { MISSING } from "./state.js";

/** @typedef {(name: string, value: string) => void} Hide Hides a value. */

/**
 * @param {import("./state.js").Group[]} groups
 * @param {import("./state.js").View} view
 * @param {(cell: number[]) => HTMLElement} tile Makes the tile of a cell's items.
 * @param {Hide} hide
 */
export function grids(groups, view, tile, hide) {
  const area = el("div", { class: "sfx-area" });
  if (!groups.length) area.append(el("p", { class: "sfx-nothing" }, "Nothing to show: loosen the filters."));
  const shown = labelsApart(groups.map(({ label }) => label));
  for (const group of groups) {
    const words = el("span", { title: group.label }, `${view.by}: ${shown(group.label)} `);
    if (view.by) area.append(el("h3", {}, words, hideButton(view.by, group.label, hide)));
    area.append(...(view.cols ? [table(group, view, tile, hide)] : flow(group, view, tile)));
  }
  return area;
}

/**
 * @param {import("./state.js").Group} group
 * @param {import("./state.js").View} view
 * @param {(cell: number[]) => HTMLElement} tile
 */
function flow({ lines }, { rows }, tile) {
  const shown = labelsApart(lines.map(({ label }) => label));
  return lines.flatMap((line) => {
    const attributes = { class: "sfx-flow", role: "group", "aria-label": `${rows || "all"} ${line.label}` };
    const tiles = el("div", attributes, ...line.cells.map(tile));
    return rows ? [el("h4", { title: line.label }, `${rows}: ${shown(line.label)}`), tiles] : [tiles];
  });
}

/**
 * @param {import("./state.js").Group} group
 * @param {import("./state.js").View} view
 * @param {(cell: number[]) => HTMLElement} tile
 * @param {Hide} hide
 */
function table({ across, lines }, { cols, rows }, tile, hide) {
  const shownAcross = labelsApart(across);
  const shownDown = labelsApart(lines.map(({ label }) => label));
  const heads = across.map((value) => head(cols, value, shownAcross(value), "col", hide));
  const corner = rows ? el("td", { class: "sfx-corner" }, `${rows} ↓ ${cols} →`) : null;
  /** @param {number[]} cell */
  const place = (cell) => el("td", {}, cell.length ? tile(cell) : el("div", { class: "sfx-none" }, MISSING));
  const body = lines.map((line) =>
    el("tr", {}, rows ? head(rows, line.label, shownDown(line.label), "row", hide) : null, ...line.cells.map(place)),
  );
  return el("table", { class: "sfx-table" }, el("thead", {}, el("tr", {}, corner, ...heads)), el("tbody", {}, ...body));
}

/**
 * @param {string} name
 * @param {string} value
 * @param {string} shown How the value is shown.
 * @param {string} scope
 * @param {Hide} hide
 */
function head(name, value, shown, scope, hide) {
  return el("th", { scope }, el("span", { title: value }, shown), " ", hideButton(name, value, hide));
}

/**
 * @param {string} name
 * @param {string} value
 * @param {Hide} hide
 */
function hideButton(name, value, hide) {
  const label = `Hide ${name} ${value}`;
  const onclick = () => hide(name, value);
  return el("button", { type: "button", class: "sfx-hide", "aria-label": label, title: label, onclick }, "×");
}
