// Where everything stands, the way of the keys, marks and the way back.

import assert from "node:assert/strict";
import { test } from "node:test";
import { fittedSize, GAP, Geometry } from "../../segflux_nb/widgets/static/gallery/geometry.js";
import { History, markWords, symbols } from "../../segflux_nb/widgets/static/gallery/marks.js";
import { pivot } from "../../segflux_nb/widgets/static/gallery/pivot.js";
import { marksOf, rowsOf, study } from "./rows.js";

const ALL = [0, 1, 2, 3, 4, 5];
const MEASURES = { size: 100, width: 340, label: 50, head: 32, hasCaptions: false };

/** @param {object} view */
function geometry(view, shown = ALL, rows = study()) {
  return new Geometry(pivot(rows, view, shown), view, MEASURES);
}

test("lines of a grid stand below each other, and only those that reach into view are found", () => {
  const grid = geometry({ cols: "strength", rows: "seed" });
  const step = 100 + GAP;
  assert.deepEqual(
    grid.bands.map(({ top, height }) => [top, height]),
    [
      [32, step],
      [32 + step, step],
    ],
  );
  assert.deepEqual(grid.bandsIn(0, 50), [0, 1]);
  assert.deepEqual(grid.bandsIn(32 + step, 40 + step), [1, 2]);
  assert.deepEqual(grid.bandsIn(9000, 9999), [2, 2]);
  const [band] = grid.bands;
  assert.deepEqual(grid.placesIn(band, 0, 100), [0, 1]);
  assert.deepEqual(grid.placesIn(band, 56 + step, 9999), [1, 3], "columns out of view are not made");
});

test("tiles that flow fill the width, line by line, with a title for each row", () => {
  const flow = geometry({ rows: "seed" });
  assert.deepEqual(
    flow.bands.map(({ kind, from, to }) => [kind, from, to]),
    [
      ["title", 0, 0],
      ["line", 0, 3],
      ["title", 0, 0],
      ["line", 0, 3],
    ],
  );
  assert.equal(geometry({}).bands.length, 2, "six tiles, three beside each other");
});

test("arrows move in a grid over gaps, and stay at the edge", () => {
  const grid = geometry({ cols: "strength", rows: "seed" }, [0, 4, 1]);
  assert.equal(grid.beside(0, [1, 0]), 4, "over the gap");
  assert.equal(grid.beside(4, [1, 0]), 4);
  assert.equal(grid.beside(0, [-1, 0]), 0);
  assert.equal(grid.beside(0, [0, 1]), 1);
  assert.equal(grid.beside(4, [0, 1]), 1, "a gap below: the nearest on the left");
  assert.equal(grid.beside(1, [0, 1]), 1);
  assert.equal(grid.beside(99, [0, 1]), 99, "what is not shown stays");
});

test("arrows go on in the next line where tiles flow", () => {
  const flow = geometry({});
  assert.equal(flow.beside(2, [1, 0]), 3);
  assert.equal(flow.beside(5, [1, 0]), 5);
  assert.equal(flow.beside(1, [0, 1]), 4);
});

test("Home and End are the ends of the line, then of all; pages go some lines", () => {
  const grid = geometry({ cols: "strength", rows: "seed" });
  assert.equal(grid.end(2, false), 0);
  assert.equal(grid.end(3, false), 1);
  assert.equal(grid.end(1, false), 0, "again: of all");
  assert.equal(grid.end(0, true), 4);
  assert.equal(grid.end(4, true), 5);
  assert.equal(grid.further(2, 7), 3, "at most the last line");
  assert.equal(grid.further(3, -1), 2);
  assert.equal(grid.first, 0);
});

test("cells with several rows are one place", () => {
  const grid = geometry({ cols: "strength" });
  assert.deepEqual(grid.cellOf(3), [2, 3]);
  assert.equal(grid.beside(3, [1, 0]), 4);
});

test("all columns fit the width", () => {
  const groups = pivot(study(), { cols: "strength" }, ALL);
  assert.equal(fittedSize(groups, 400, 0), Math.floor((400 - 12) / 3) - GAP);
  const many = rowsOf({ a: Array.from({ length: 200 }, (_, n) => `${n}`) });
  assert.equal(fittedSize(pivot(many, { cols: "a" }, [...Array(200).keys()]), 400, 50), 24, "not smaller than that");
});

test("marks as symbols and words, with the mean where several rate", () => {
  const marks = marksOf({ 0: { pick: true, stars: 2, note: "x" }, 1: { pick: false, stars: 0 } });
  assert.equal(symbols(marks, 0), "✔ ★★ ✎");
  assert.equal(symbols(marks, 1), "✘ ☆");
  assert.equal(symbols(marks, 2), "");
  marks.put("anna", [{ at: [0, 2], mark: { stars: 5, pick: false } }]);
  assert.equal(symbols(marks, 0), "✔ ★★ Ø 3.5 (2) ✎", "one's own pick counts");
  assert.equal(symbols(marks, 2), "✘ Ø 5 (1)");
  assert.deepEqual(markWords(marks, 0), ["2 of 5 stars", "mean 3.5 of 2 raters", "picked", "note: x"]);
  assert.deepEqual(
    marks.all(0).map(([rater]) => rater),
    ["me", "anna"],
  );
});

test("a change has a way back, for each row its own", () => {
  const marks = marksOf({ 0: { stars: 2 } });
  const changes = [{ at: [0, 1], mark: { stars: 5 } }];
  const back = marks.inverse(changes, "me");
  assert.deepEqual(back, [
    { at: [0], mark: { stars: 2 } },
    { at: [1], mark: { stars: null } },
  ]);
  marks.put("me", changes);
  marks.put("me", back);
  assert.deepEqual([marks.own(0).stars, marks.own(1).stars], [2, undefined]);
});

test("steps are taken back and made again; what was refused leaves the history as it was", () => {
  const history = new History();
  const step = { rater: "me", forth: [], back: [] };
  history.answer(history.ask(step, "new"), true);
  assert.equal(history.done.length, 1);
  history.answer(history.ask(history.done.pop(), "back"), false);
  assert.equal(history.done.length, 1, "undo was refused");
  history.answer(history.ask(history.done.pop(), "back"), true);
  assert.deepEqual([history.done.length, history.undone.length], [0, 1]);
  history.answer(history.ask(history.undone.pop(), "forth"), true);
  assert.deepEqual([history.done.length, history.undone.length], [1, 0]);
  history.answer(history.ask(history.done.pop(), "back"), true);
  history.answer(history.ask(step, "new"), true);
  assert.equal(history.undone.length, 0, "a new step ends what could be made again");
  assert.equal(history.answer(99, true), null);
});
