// Rows as Python sends them, for tests.

import { MarkBook } from "../../segflux_nb/widgets/static/gallery/marks.js";
import { Rows } from "../../segflux_nb/widgets/static/gallery/table.js";

/**
 * Rows of columns that are given by the label of each row.
 *
 * @param {Record<string, string[]>} columns
 * @param {object} more Changes of the table.
 */
export function rowsOf(columns, more = {}) {
  const names = Object.keys(columns);
  const number = columns[names[0]].length;
  /** @type {number[]} */
  const codes = [];
  const coded = names.map((name) => {
    const values = [...new Set(columns[name])].sort((a, b) => (a === "–") - (b === "–"));
    const at = codes.length;
    for (const label of columns[name]) codes.push(values.indexOf(label));
    const known = values.filter((label) => label !== "–");
    const kind = known.every((label) => label !== "" && !Number.isNaN(Number(label))) ? "number" : "text";
    const missing = values.indexOf("–");
    return { name, values, missing, kind, axis: !name.startsWith("_"), lays_out: true, at, bytes: 1 };
  });
  const widths = { name: "width", values: ["512"], missing: -1, kind: "number", at: 0, bytes: 0 };
  const select = { by: "one", names, labels: [] };
  const table = { number, names: "", columns: coded, widths, troubles: {}, more: {}, plus: {}, select };
  return new Rows({ ...table, parameters: [], later: [], ...more }, Uint8Array.from(codes));
}

/** Runs of every combination: rows 0 to 5 have seed 1, 2, 1, 2, 1, 2 and strength 0.4, 0.4, 0.8, 0.8, 1.2, 1.2. */
export function study(more = {}) {
  return rowsOf(
    {
      strength: ["0.4", "0.4", "0.8", "0.8", "1.2", "1.2"],
      seed: ["1", "2", "1", "2", "1", "2"],
      _score: ["0.5", "0.1", "–", "0.9", "0.1", "0.3"],
    },
    more,
  );
}

/** The marks of one rater, by row. @param {Record<string, object>} marks */
export function marksOf(marks = {}, rater = "me") {
  const book = new MarkBook({}, rater);
  for (const [row, mark] of Object.entries(marks)) book.put(rater, [{ at: [Number(row)], mark }]);
  return book;
}
