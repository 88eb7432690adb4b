// The table of a sweep: several axes may share its columns and its rows, the outer ones first.

import { el } from "../shared/dom.js";

/**
 * @typedef {{ name: string, labels: string[] }} AxisOfTable
 * @typedef {object} Overview Axes, and rows of cells: each a place (-1: none) and its words.
 * @property {AxisOfTable[]} columns
 * @property {AxisOfTable[]} rows
 * @property {[number, string][][]} cells
 */

/**
 * How many cells the value of an axis spans: all values of the axes inside it.
 *
 * @param {AxisOfTable[]} axes
 * @param {number} at
 */
function spanned(axes, at) {
  return axes.slice(at + 1).reduce((product, axis) => product * axis.labels.length, 1);
}

/**
 * @param {Overview} overview
 * @param {(place: number, words: string) => HTMLElement} cell Makes a cell.
 */
export function overviewTable({ columns, rows, cells }, cell) {
  const names = columns.map((axis) => axis.name).filter(Boolean);
  const down = rows.map((axis) => axis.name);
  const corner = down.length ? `${down.join(" · ")} ↓ ${names.join(" · ")} →` : "";
  const head = columns.map((axis, at) => {
    const span = spanned(columns, at);
    const times = cells[0].length / (span * axis.labels.length);
    const labels = Array.from({ length: times }, () => axis.labels).flat();
    const space =
      rows.length && !at
        ? el("td", { class: "sfx-axis", colspan: rows.length, rowspan: columns.length }, corner)
        : null;
    const scope = span > 1 ? "colgroup" : "col";
    const heads = labels.map((text) => el("th", { scope, colspan: span, title: text }, text));
    for (const one of heads) one.style.setProperty("--span", String(span));
    return el("tr", {}, space, ...heads);
  });
  const lines = cells.map((line, number) => {
    const starts = rows
      .map((axis, at) => ({ axis, span: spanned(rows, at) }))
      .filter(({ span }) => number % span === 0);
    const labels = starts.map(({ axis, span }) => {
      const text = axis.labels[(number / span) % axis.labels.length];
      return el("th", { scope: span > 1 ? "rowgroup" : "row", rowspan: span, title: text }, text);
    });
    return el("tr", {}, ...labels, ...line.map(([place, words]) => el("td", {}, cell(place, words))));
  });
  return el("table", {}, names.length ? el("thead", {}, ...head) : null, el("tbody", {}, ...lines));
}
