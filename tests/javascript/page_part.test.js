// Some rows of a page as a page of their own.

import assert from "node:assert/strict";
import { test } from "node:test";
import { pythonOf } from "../../segflux_nb/widgets/static/gallery/code.js";
import { partOf } from "../../segflux_nb/widgets/static/gallery/page_part.js";
import { Rows } from "../../segflux_nb/widgets/static/gallery/table.js";
import { study } from "./rows.js";

/** The state of a page with six rows: row 1 has no picture, row 3 has two further ones, row 4 failed. */
function stateOf(more = {}) {
  const { table } = study({
    troubles: { 4: ["failed", "no memory"] },
    more: { 3: [6, 7] },
    plus: { 3: "+2" },
    ...more,
  });
  const codes = [0, 0, 1, 1, 2, 2, 0, 1, 0, 1, 0, 1, 3, 0, 4, 2, 0, 1];
  return {
    table,
    codes: Uint8Array.from(codes),
    thumbs: Uint8Array.from([10, 20, 21, 30, 40, 50]),
    offsets: [0, 1, 1, 3, 4, 5, 6],
    unreadable: { 1: "no picture" },
    later: [[6, 8]],
    marks: { anna: { stars: { 1: 5, 3: 4 }, pick: { 4: true }, note: { 0: "left" } } },
    differences: { "1-3": 7, "0-3": 9 },
    view: { cols: "strength", rows: "seed", stars: "3", search: "x", cell: [1], size: 99 },
    rater: "anna",
    note: "",
  };
}

test("rows keep their values, marks, pictures and reasons under their new numbers", () => {
  const { state, pictures } = partOf(stateOf(), [4, 3, 1]);
  const rows = new Rows(state.table, state.codes);
  assert.deepEqual(pictures, [4, 3, 1, 6, 7]);
  assert.equal(rows.number, 3);
  assert.deepEqual(
    ["strength", "seed"].map((name) => [0, 1, 2].map((row) => rows.label(row, name))),
    [
      ["1.2", "0.8", "0.4"],
      ["1", "2", "2"],
    ],
  );
  assert.deepEqual(rows.column("strength").labels, ["0.4", "0.8", "1.2"], "in their order");
  assert.deepEqual([rows.status(0), rows.reason(0), rows.status(1)], ["failed", "no memory", "completed"]);
  assert.deepEqual([rows.more(1), rows.plus(1)], [[3, 4], "+2"]);
  assert.deepEqual(
    [state.offsets, [...state.thumbs]],
    [
      [0, 1, 2, 2],
      [40, 30],
    ],
  );
  assert.deepEqual(state.later, [[3, 5]]);
  assert.deepEqual(state.unreadable, { 2: "no picture" });
  assert.deepEqual(state.marks.anna, { stars: { 1: 4, 2: 5 }, pick: { 0: true }, note: {} });
  assert.deepEqual(state.differences, { "1-2": 7 });
  assert.deepEqual(state.view, { cols: "strength", rows: "seed", size: 99 }, "nothing is filtered again");
});

test("a column in which these rows are the same takes no places and lays nothing out", () => {
  const { state } = partOf(stateOf(), [2, 3]);
  const rows = new Rows(state.table, state.codes);
  assert.deepEqual(rows.column("strength").labels, ["0.8"]);
  assert.deepEqual(
    rows.layable.map(({ name }) => name),
    ["seed", "_score"],
  );
});

test("code names rows as before", () => {
  const rows = (select) => {
    const { state } = partOf(stateOf({ select }), [4, 3]);
    return new Rows(state.table, state.codes);
  };
  assert.equal(pythonOf(rows({ by: "iloc", names: [], labels: [] }), 0), "frame.iloc[4]");
  assert.equal(pythonOf(rows({ by: "loc", names: [], labels: [..."abcdef"] }), 1), "frame.loc['d']");
  assert.equal(rows({ by: "one", names: ["seed"], labels: [] }).name(0), "4");
});
