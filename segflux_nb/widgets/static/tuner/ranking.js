// What the votes say: a sentence, and a table with an interval for each value.

import { el } from "../shared/dom.js";

/**
 * @typedef {object} Row
 * @property {string} label
 * @property {number} score
 * @property {number | null} low
 * @property {number | null} high
 * @property {string} won The share of votes that it won, in words.
 * @property {number} judged
 *
 * @typedef {object} Span The scores between which the intervals are drawn.
 * @property {number} low
 * @property {number} wide
 */

/**
 * @param {string} axis
 * @param {{ sentence: string, rows: Row[] }} ranking
 * @param {string} proposal The sweep that was proposed, in words; empty before.
 * @param {() => void} propose Asks for one.
 */
export function rankingView(axis, { sentence, rows }, proposal, propose) {
  if (!sentence) return [el("p", {}, "…")];
  const button = el("button", { type: "button", class: "sfx-propose", onclick: propose }, "Propose a finer sweep");
  return [
    el("p", { class: "sfx-sentence" }, sentence),
    ...(rows.length ? [table(axis, rows), button] : []),
    ...(proposal ? [el("pre", {}, proposal)] : []),
  ];
}

/**
 * @param {string} axis
 * @param {Row[]} rows
 */
function table(axis, rows) {
  const span = spanOf(rows);
  const heads = [axis, "score", "interval", "won", "judged"].map((word) => el("th", { scope: "col" }, word));
  const lines = rows.map((row) => {
    const values = [scoreText(row.score), interval(row, span), row.won, String(row.judged)];
    return el("tr", {}, el("th", { scope: "row" }, row.label), ...values.map((value) => el("td", {}, value)));
  });
  return el("table", {}, el("thead", {}, el("tr", {}, ...heads)), el("tbody", {}, ...lines));
}

/**
 * A score as it is written: zero has no sign.
 *
 * @param {number} score
 */
export function scoreText(score) {
  return score.toFixed(2).replace(/^-(0\.00)$/, "$1");
}

/**
 * @param {Row[]} rows
 * @returns {Span}
 */
export function spanOf(rows) {
  const ends = rows.flatMap((row) => [row.low ?? row.score, row.high ?? row.score]);
  const low = Math.min(...ends);
  return { low, wide: Math.max(...ends) - low || 1 };
}

/**
 * @param {Row} row
 * @param {Span} span
 */
function interval(row, { low, wide }) {
  const bar = el("div", { class: "sfx-interval", "aria-hidden": "true" });
  const share = (/** @type {number} */ length) => `${(100 * length) / wide}%`;
  if (row.low != null) {
    const line = el("i");
    line.style.left = share(row.low - low);
    line.style.width = share(row.high - row.low);
    bar.append(line);
  }
  const dot = el("b");
  dot.style.left = share(row.score - low);
  bar.append(dot);
  return bar;
}
