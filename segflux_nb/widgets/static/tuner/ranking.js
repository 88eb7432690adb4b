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
 * @property {string[]} [place] The labels of its values, by axis.
 * @property {boolean} [inside] Whether it may be the best place, where that is known.
 *
 * @typedef {object} Rater
 * @property {string} name
 * @property {number} votes
 * @property {string} sentence What this rater's votes say.
 *
 * @typedef {object} Span The scores between which the intervals are drawn.
 * @property {number} low
 * @property {number} wide
 */

/**
 * @param {import("./places.js").Axis[]} axes
 * @param {{ sentence: string, rows: Row[], raters?: Rater[] }} ranking
 * @param {string} proposal The sweep that was proposed, in words; empty before.
 * @param {() => void} propose Asks for one.
 */
export function rankingView(axes, { sentence, rows, raters = [] }, proposal, propose) {
  if (!sentence) return [el("p", {}, "…")];
  const button = el("button", { type: "button", class: "sfx-propose", onclick: propose }, "Propose a finer sweep");
  return [
    el("p", { class: "sfx-sentence" }, sentence),
    ...(rows.length && axes.length === 2 ? [map(axes, rows)] : []),
    ...(rows.length ? [table(axes.map(({ name }) => name).join(", "), rows), button] : []),
    ...(proposal ? [el("pre", {}, proposal)] : []),
    ...(raters.length > 1 ? [ratersTable(raters)] : []),
  ];
}

/**
 * The scores over two axes. Places that may be the best are framed.
 *
 * @param {import("./places.js").Axis[]} axes
 * @param {Row[]} rows
 */
function map([across, down], rows) {
  const known = new Map(rows.map((row) => [JSON.stringify(row.place), row]));
  const [low, high] = [Math.min, Math.max].map((most) => most(...rows.map(({ score }) => score)));
  const cell = (/** @type {string} */ one, /** @type {string} */ other) => {
    const row = known.get(JSON.stringify([one, other]));
    if (!row) return el("td", {}, "–");
    const share = Math.round((60 * (row.score - low)) / (high - low || 1));
    const word = scoreText(row.score);
    const attributes = {
      class: row.inside ? "sfx-inside" : null,
      "aria-label": row.inside ? `${word}, may be best` : null,
    };
    const shown = el("td", attributes, word);
    shown.style.background = `color-mix(in srgb, var(--sfx-brand) ${share}%, transparent)`;
    return shown;
  };
  const heads = across.labels.map((label) => el("th", { scope: "col" }, label));
  const lines = down.labels.map((label) =>
    el("tr", {}, el("th", { scope: "row" }, label), ...across.labels.map((one) => cell(one, label))),
  );
  return el(
    "table",
    { class: "sfx-map" },
    el("caption", {}, `Scores: ${across.name} across, ${down.name} down. Framed places may be the best.`),
    el("thead", {}, el("tr", {}, el("td"), ...heads)),
    el("tbody", {}, ...lines),
  );
}

/** @param {Rater[]} raters */
function ratersTable(raters) {
  const heads = ["rater", "votes", "what they say"].map((word) => el("th", { scope: "col" }, word));
  const lines = raters.map(({ name, votes, sentence }) =>
    el("tr", {}, el("th", { scope: "row" }, name), el("td", {}, String(votes)), el("td", {}, sentence)),
  );
  return el(
    "table",
    { class: "sfx-raters" },
    el("caption", {}, "Votes by rater"),
    el("thead", {}, el("tr", {}, ...heads)),
    el("tbody", {}, ...lines),
  );
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
    const label = el("th", { scope: "row", class: "sfx-label" }, row.label);
    return el("tr", {}, label, ...values.map((value, n) => el("td", { class: n === 1 ? null : "sfx-number" }, value)));
  });
  for (const n of [1, 3, 4]) heads[n].className = "sfx-number";
  return el("table", {}, el("thead", {}, el("tr", {}, ...heads)), el("tbody", {}, ...lines));
}

/**
 * A score as it is written: zero has no sign.
 *
 * @param {number} score
 */
export function scoreText(score) {
  return score
    .toFixed(2)
    .replace(/^-(0\.00)$/, "$1")
    .replace("-", "−");
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
