// A row as Python, as JSON and as TOML. Pure: it needs no browser.

/** @import { Rows } from "./table.js" */

/**
 * A value as Python and TOML write it: both read the numbers and the quoted texts of JSON.
 *
 * @param {import("./table.js").Column} column
 * @param {number} row
 * @param {boolean} isToml
 */
function literal(column, row, isToml) {
  const value = column.value(row);
  if (value === null) return isToml ? '""' : "None";
  if (typeof value === "boolean") return isToml ? String(value) : value ? "True" : "False";
  // The label of a number has the fraction that tells a float from an integer.
  if (typeof value === "number") return column.raw ? String(value) : column.label(row);
  return quoted(value, isToml);
}

/**
 * @param {string} text
 * @param {boolean} isToml
 */
function quoted(text, isToml) {
  if (isToml) return JSON.stringify(text).replaceAll("\x7f", "\\u007f");
  return /["'\\\p{Cc}\u2028\u2029]/u.test(text) ? JSON.stringify(text) : `'${text}'`;
}

/**
 * Python that selects a row: a run by what tells it apart, a row of another frame by its label or its place.
 *
 * @param {Rows} rows
 * @param {number} row
 */
export function pythonOf(rows, row) {
  const { by, names, labels } = rows.table.select;
  if (by === "one") {
    const given = names.map((name) => rows.column(name)).filter(Boolean);
    return `runs.one(${given.map((column) => `${column.name}=${literal(column, row, false)}`).join(", ")})`;
  }
  const label = labels.length ? labels[row] : row;
  return `frame.${by}[${typeof label === "number" ? label : quoted(label, false)}]`;
}

/**
 * Python that selects several rows.
 *
 * @param {Rows} rows
 * @param {number[]} chosen
 */
export function pythonOfAll(rows, chosen) {
  const { by, labels } = rows.table.select;
  if (by === "one") {
    const names = chosen.map((row) => `"${rows.name(row)}"`);
    return `runs.where(run=[${names.join(", ")}])`;
  }
  const each = chosen.map((row) => (labels.length ? labels[row] : row));
  return `frame.${by}[[${each.map((one) => (typeof one === "number" ? one : quoted(one, false))).join(", ")}]]`;
}

/** The columns that make a row: its request, or all columns of another frame. @param {Rows} rows */
function makers(rows) {
  const { parameters } = rows.table;
  return rows.all.filter((column) => !parameters.length || parameters.includes(column.name));
}

/** A row's parameters as JSON. @param {Rows} rows @param {number} row */
export function jsonOf(rows, row) {
  const values = makers(rows).map((column) => [column.name, column.value(row)]);
  return JSON.stringify(Object.fromEntries(values.filter(([, value]) => value !== null)), null, 1);
}

/** A run as a sweep file; empty for a row of another frame. @param {Rows} rows @param {number} row */
export function tomlOf(rows, row) {
  if (!rows.table.parameters.length) return "";
  const lines = makers(rows).map((column) => {
    if (column.name === "prompt") return `prompt = ${quoted(asTemplate(String(column.value(row))), true)}`;
    return `${column.name} = ${literal(column, row, true)}`;
  });
  return ['model = "flux-dev-finetuned"', "", "[sweep]", ...lines, ""].join("\n");
}

/**
 * A prompt as it was sent, as a template without placeholders: braces with a partner are doubled.
 *
 * @param {string} prompt
 */
function asTemplate(prompt) {
  if (!/\{[^{}\s]+\}|\{\{|\}\}/.test(prompt)) return prompt;
  const paired = new Set();
  /** @type {number[]} */
  const opened = [];
  [...prompt].forEach((sign, at) => {
    if (sign === "{") opened.push(at);
    else if (sign === "}" && opened.length) paired.add(opened.pop()).add(at);
  });
  return [...prompt].map((sign, at) => (paired.has(at) ? sign + sign : sign)).join("");
}
