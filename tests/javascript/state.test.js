// What the gallery shows where: pivot, sort, filter, words, and the way of the arrow keys.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  beside,
  captionOf,
  describe,
  isHidden,
  pivot,
  shownItems,
  symbols,
} from "../../segflux_nb/widgets/static/gallery/state.js";

/** Runs of every combination: items 0 to 5 have seed 1, 2, 1, 2, 1, 2 and strength 0.4, 0.4, 0.8, 0.8, 1.2, 1.2. */
function study(view = {}, marks = {}) {
  const columns = [
    { name: "strength", values: ["0.4", "0.8", "1.2"], axis: true },
    { name: "seed", values: ["1", "2"], axis: true },
    { name: "width", values: ["512", "1024"], axis: false },
  ];
  const items = columns[0].values.flatMap((strength) =>
    columns[1].values.map((seed) => ({
      run: `${strength}-${seed}`,
      status: "completed",
      reason: "",
      width: 512,
      labels: { strength, seed, width: strength === "0.8" ? "1024" : "512" },
      parameters: {},
      code: "",
    })),
  );
  return { items, columns, view, marks };
}

test("columns and rows make one grid, in the order of their values", () => {
  const [grid, ...others] = pivot(study({ cols: "strength", rows: "seed" }));
  assert.deepEqual(others, []);
  assert.deepEqual(grid.across, ["0.4", "0.8", "1.2"]);
  assert.deepEqual(grid.lines, [
    { label: "1", cells: [[0], [2], [4]] },
    { label: "2", cells: [[1], [3], [5]] },
  ]);
});

test("several runs share a cell where an axis is not laid out", () => {
  const [grid] = pivot(study({ cols: "strength" }));
  assert.deepEqual(grid.lines, [
    {
      label: "",
      cells: [
        [0, 1],
        [2, 3],
        [4, 5],
      ],
    },
  ]);
});

test("without columns every run is a cell of its own", () => {
  const [grid] = pivot(study({ rows: "seed" }));
  assert.deepEqual(grid.across, []);
  assert.deepEqual(grid.lines, [
    { label: "1", cells: [[0], [2], [4]] },
    { label: "2", cells: [[1], [3], [5]] },
  ]);
});

test("the outer axis makes groups, and an empty one is left out", () => {
  const hidden = { strength: ["0.8"] };
  const groups = pivot(study({ cols: "seed", by: "strength", hidden }));
  assert.deepEqual(
    groups.map(({ label, lines }) => [label, lines[0].cells]),
    [
      ["0.4", [[0], [1]]],
      ["1.2", [[4], [5]]],
    ],
  );
});

test("a hidden value takes its column away, and a missing run leaves a gap", () => {
  const state = study({ cols: "strength", rows: "seed", hidden: { strength: ["0.4"] } });
  state.items.splice(3, 1); // seed 2 with strength 0.8
  const [grid] = pivot(state);
  assert.deepEqual(grid.across, ["0.8", "1.2"]);
  assert.deepEqual(grid.lines[1].cells, [[], [4]]);
});

test("a column that no run has gives nothing", () => {
  assert.deepEqual(pivot(study({ by: "sampler" })), []);
});

test("sorting by a column follows the order of its values, by stars the best is first", () => {
  const marks = { "0.8-1": { stars: 5 }, "0.4-2": { stars: 0 } };
  assert.deepEqual(shownItems(study({ sort: "seed" })), [0, 2, 4, 1, 3, 5]);
  assert.deepEqual(shownItems(study({ sort: "width" })), [0, 1, 4, 5, 2, 3]);
  assert.deepEqual(shownItems(study({ sort: "stars" }, marks)), [2, 1, 0, 3, 4, 5]);
});

test("stars and picks filter", () => {
  const marks = { "0.4-1": { stars: 3 }, "0.4-2": { pick: false }, "0.8-1": { pick: true, stars: 0 } };
  const shown = (view) => shownItems(study(view, marks));
  assert.deepEqual(shown({ stars: "3" }), [0]);
  assert.deepEqual(shown({ flag: "picked" }), [2]);
  assert.deepEqual(shown({ flag: "not rejected" }), [0, 2, 3, 4, 5]);
  assert.deepEqual(shown({ flag: "unrated" }), [3, 4, 5]);
  assert.deepEqual(shown({ flag: "picked", stars: "1" }), []);
  assert.equal(isHidden(study({ hidden: { seed: ["2"] } }), 1), true);
});

test("arrows move in a grid over gaps, and stay at the edge", () => {
  const places = [
    [0, -1, 2],
    [3, -1, -1],
    [6, 7],
  ];
  assert.equal(beside(places, 0, [1, 0], true), 2, "over the gap");
  assert.equal(beside(places, 2, [1, 0], true), 2);
  assert.equal(beside(places, 0, [-1, 0], true), 0);
  assert.equal(beside(places, 0, [0, 1], true), 3);
  assert.equal(beside(places, 3, [0, 1], true), 6);
  assert.equal(beside(places, 6, [0, 1], true), 6);
  assert.equal(beside(places, 2, [0, 1], true), 7, "a shorter line: its last place");
  assert.equal(beside(places, 99, [0, 1], true), 99, "what is not shown stays");
  assert.equal(beside([[0, 1], [2]], 1, [1, 0], false), 1, "tiles that flow");
});

test("an item in words: axes, marks, and why it has no picture", () => {
  const marks = { "0.4-1": { stars: 4, pick: false, note: "soft" } };
  const state = study({}, marks);
  Object.assign(state.items[1], { status: "failed", reason: "moderated: no" });
  assert.equal(describe(state, 0), "strength 0.4, seed 1, 4 of 5 stars, rejected, note: soft");
  assert.equal(describe(state, 1), "strength 0.4, seed 2, failed, moderated: no");
  assert.equal(describe({ ...state, columns: [] }, 2), "0.8-1", "its name where nothing else tells it");
});

test("a caption has the axes that no label shows", () => {
  assert.equal(captionOf(study({ rows: "seed" }), 2), "0.8");
  assert.equal(captionOf(study(), 2), "0.8 · 1");
  assert.equal(captionOf(study({ cols: "seed" }), 2), null);
});

test("marks as symbols", () => {
  assert.equal(symbols({}), "");
  assert.equal(symbols({ pick: true, stars: 2, note: "x" }), "✔ ★★ ✎");
  assert.equal(symbols({ pick: false, stars: 0, note: "" }), "✘ ☆");
});
