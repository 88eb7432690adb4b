// Rows in words: for captions, for people who hear the page, and for the status line. Pure: it needs no browser.

import { markWords } from "./marks.js";

/** @import { MarkBook } from "./marks.js" */
/** @import { View } from "./messages.js" */
/** @import { Column, Rows } from "./table.js" */

/**
 * A row in words.
 *
 * @param {Rows} rows
 * @param {MarkBook} marks
 * @param {number} row
 */
export function describe(rows, marks, row) {
  const parts = rows.axes.map((column) => `${column.name} ${column.label(row)}`);
  parts.push(rows.plus(row), ...markWords(marks, row));
  if (rows.status(row) !== "completed") parts.push(rows.status(row), rows.reason(row));
  return parts.filter(Boolean).join(", ") || rows.name(row);
}

/**
 * What stands below the tile of a row: its values of the axes that no label shows. Null in a table.
 *
 * @param {Rows} rows
 * @param {View} view
 * @param {number} row
 */
export function captionOf(rows, view, row) {
  if (view.cols) return null;
  const own = rows.axes.filter(({ name }) => name !== view.rows && name !== view.by && view.held?.[name] == null);
  return own.map((column) => column.label(row)).join(" · ");
}

/**
 * What tells a row apart from the others of its cell: its values of the axes in which they differ, or else of other
 * columns. A number alone has the name of its axis; several have not the room, and chips name them in their order.
 *
 * @param {Rows} rows
 * @param {number[]} cell
 * @param {number} row
 */
export function tellingOf(rows, cell, row) {
  if (cell.length < 2) return null;
  /** @param {import("./table.js").Column} column */
  const differs = (column) => cell.some((one) => column.code(one) !== column.code(cell[0]));
  const axes = rows.axes.filter(differs);
  const differing = axes.length ? axes : rows.layable.filter(differs);
  const words = differing.map((column) => column.label(row)).join(" · ");
  return differing.length === 1 && differing[0].kind !== "text" ? `${differing[0].name} ${words}` : words;
}

/**
 * The place of a row among those of its cell: `2/3`; empty where it is alone.
 *
 * @param {number[]} cell
 * @param {number} row
 */
export function placeOf(cell, row) {
  return cell.length > 1 ? `${cell.indexOf(row) + 1}/${cell.length}` : "";
}

/**
 * The row of a cell that is some steps after another one, around its ends.
 *
 * @param {number[]} cell
 * @param {number} row
 * @param {number} by
 */
export function stepped(cell, row, by) {
  return cell[(cell.indexOf(row) + by + cell.length) % cell.length];
}

/**
 * How many rows there are, and how many one does not see.
 *
 * @param {number} all
 * @param {number} shown Rows that no filter hides.
 * @param {number} cells Pictures that are seen: one of each cell.
 * @param {boolean} isInCell Whether one has stepped into a cell.
 */
export function countWords(all, shown, cells, isInCell) {
  const number = (/** @type {number} */ one) => one.toLocaleString("en");
  const hidden = all - cells;
  const runs = `${number(shown)} of ${number(all)} run${all === 1 ? "" : "s"}`;
  if (!hidden) return `${runs} · 0 hidden`;
  const reasons = [];
  if (shown > cells) reasons.push(`${number(shown - cells)} behind others in their cells`);
  if (all > shown) reasons.push(`${number(all - shown)} ${isInCell ? "outside this cell" : "by filters"}`);
  return `${runs} · ${number(hidden)} hidden: ${reasons.join(", ")}`;
}

/**
 * In which columns rows differ, with the value of each: what makes pictures and what was measured, not what the log
 * has of the service.
 *
 * @param {Rows} rows
 * @param {number[]} chosen
 * @returns {[string, string[]][]}
 */
export function differencesOf(rows, chosen) {
  return rows.layable
    .filter((column) => chosen.some((row) => column.label(row) !== column.label(chosen[0])))
    .map((column) => [column.name, chosen.map((row) => column.label(row))]);
}

/** @param {number} stars */
export function symbolsOfStars(stars) {
  return stars ? "★".repeat(stars) : "☆";
}
