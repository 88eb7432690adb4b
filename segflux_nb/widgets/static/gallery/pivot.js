// Rows in grids: by the outer column, the rows, the columns. Pure: it needs no browser.

/** @import { View } from "./messages.js" */
/** @import { Column, Rows } from "./table.js" */

/**
 * @typedef {object} Line A line of cells. Each cell is a list of rows, at the place of its column where there are
 * columns.
 * @property {string} label
 * @property {Map<number, number[]>} cells
 *
 * @typedef {object} Group A grid of one value of the outer column.
 * @property {string} label
 * @property {string[]} across The labels of its columns.
 * @property {Line[]} lines
 */

/**
 * The rows in grids. It looks once at each row. Without a column each row is a cell.
 *
 * @param {Rows} rows
 * @param {View} view
 * @param {number[]} shown The rows that are shown, in their order.
 * @returns {Group[]}
 */
export function pivot(rows, { cols, rows: down, by }, shown) {
  const isMissing = [cols, down, by].some((name) => name && !rows.column(name));
  if (isMissing) return [];
  return split(shown, rows.column(by)).map(([label, inGroup]) => {
    const column = rows.column(cols);
    const across = column ? split(inGroup, column).map(([value]) => value) : [];
    const places = column ? placesAmong(column, across) : null;
    const lines = split(inGroup, rows.column(down)).map(([value, inLine]) => {
      /** @type {Map<number, number[]>} */
      const cells = new Map();
      inLine.forEach((row, n) => {
        const place = places ? places[column.code(row)] : n;
        const cell = cells.get(place);
        if (cell) cell.push(row);
        else cells.set(place, [row]);
      });
      return { label: value, cells };
    });
    return { label, across, lines };
  });
}

/**
 * Rows by their values of a column, in the order of the column; all of them at once without one.
 *
 * @param {number[]} shown
 * @param {Column | undefined} column
 * @returns {[string, number[]][]}
 */
function split(shown, column) {
  if (!shown.length) return [];
  if (!column) return [["", shown]];
  /** @type {number[][]} */
  const found = Array.from({ length: column.labels.length });
  for (const row of shown) {
    const code = column.code(row);
    found[code] ??= [];
    found[code].push(row);
  }
  return order(column)
    .filter((code) => found[code])
    .map((code) => [column.labels[code], found[code]]);
}

/**
 * The places of a column's values among those that are shown.
 *
 * @param {Column} column
 * @param {string[]} across
 */
function placesAmong(column, across) {
  const place = new Map(across.map((label, n) => [label, n]));
  return Int32Array.from(column.labels, (label) => place.get(label) ?? -1);
}

/** @param {Column} column */
function order(column) {
  return column.labels.map((_, code) => code);
}

/** How many cells have rows. @param {Group[]} groups */
export function countCells(groups) {
  return groups.reduce((sum, { lines }) => sum + lines.reduce((all, { cells }) => all + cells.size, 0), 0);
}

/**
 * The row that takes the place of another one, which is not shown any more: one of the same cell; -1 for none.
 *
 * @param {Rows} rows
 * @param {View} view
 * @param {number[]} shown
 * @param {number} row
 */
export function standIn(rows, { cols, rows: down, by }, shown, row) {
  if (shown.includes(row)) return row;
  const columns = [cols, down, by].map((name) => rows.column(name)).filter(Boolean);
  if (!columns.length) return -1;
  return shown.find((one) => columns.every((column) => column.code(one) === column.code(row))) ?? -1;
}
