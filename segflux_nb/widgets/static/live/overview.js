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
  const words = down.length ? [`${down.join(" · ")}\u00a0↓`, `${names.join(" · ")}\u00a0→`] : [];
  const corner = () => words.flatMap((one, n) => [n ? " " : "", el("span", {}, one)]);
  const head = columns.map((axis, at) => {
    const span = spanned(columns, at);
    const times = cells[0].length / (span * axis.labels.length);
    const labels = Array.from({ length: times }, () => axis.labels).flat();
    const space =
      rows.length && !at
        ? el("td", { class: "sfx-axis", colspan: rows.length, rowspan: columns.length }, ...corner())
        : null;
    const scope = span > 1 ? "colgroup" : "col";
    const heads = labels.map((text) => el("th", { scope, colspan: span, title: text }, text));
    for (const one of heads) one.style.setProperty("--span", String(span));
    const group = spanned(columns, 0) / span; // the labels of one outer value
    heads.forEach((one, n) => {
      if (columns.length > 1 && n && n % group === 0) one.className = "sfx-beside";
    });
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
    const isNext = rows.length > 1 && number > 0 && number % spanned(rows, 0) === 0;
    const cellsOfLine = line.map(([place, words], n) => {
      const isBeside = columns.length > 1 && n > 0 && n % spanned(columns, 0) === 0;
      return el("td", { class: isBeside ? "sfx-beside" : null }, cell(place, words));
    });
    return el("tr", { class: isNext ? "sfx-next" : null }, ...labels, ...cellsOfLine);
  });
  return el("table", {}, names.length ? el("thead", {}, ...head) : null, el("tbody", {}, ...lines));
}
