// What the gallery shows where: columns, filters, sorting, pivot, words, code.

import assert from "node:assert/strict";
import { test } from "node:test";
import { jsonOf, pythonOf, pythonOfAll, tomlOf } from "../../segflux_nb/widgets/static/gallery/code.js";
import { filterCount, shownRows } from "../../segflux_nb/widgets/static/gallery/filters.js";
import { pivot } from "../../segflux_nb/widgets/static/gallery/pivot.js";
import { Rows } from "../../segflux_nb/widgets/static/gallery/table.js";
import {
  captionOf,
  countWords,
  describe,
  differencesOf,
  tellingOf,
} from "../../segflux_nb/widgets/static/gallery/words.js";
import { marksOf, rowsOf, study } from "./rows.js";

const ALL = [0, 1, 2, 3, 4, 5];
const shown = (view, marks = marksOf(), rows = study()) => shownRows(rows, view, marks);
const plain = (groups) => groups.map(({ label, across, lines }) => [label, across, lines.map(lineOf)]);
const lineOf = ({ label, cells }) => [label, [...cells]];

test("a column has the place of each row's value in one, two or four bytes, or none", () => {
  const base = { missing: -1, kind: "text", axis: true, lays_out: true };
  const codes = Uint8Array.from([9, 1, 0, 0, 1, 2, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
  const columns = [
    { ...base, name: "one", values: ["a", "b"], at: 1, bytes: 1 },
    { ...base, name: "two", values: Array.from({ length: 300 }, (_, n) => `v${n}`), at: 3, bytes: 2 },
    { ...base, name: "four", values: ["x", "y"], at: 7, bytes: 4 },
    { ...base, name: "same", values: ["s"], at: 0, bytes: 0 },
    { ...base, name: "each", values: ["p", "q"], at: 0, bytes: -1 },
  ];
  const table = { number: 2, names: "r1 r2", columns, widths: columns[3], later: ["cost"], troubles: {} };
  const rows = new Rows(table, codes);
  const labels = (name) => [0, 1].map((row) => rows.label(row, name));
  assert.deepEqual(labels("one"), ["b", "a"]);
  assert.deepEqual(labels("two"), ["v256", "v2"]);
  assert.deepEqual(labels("four"), ["y", "x"]);
  assert.deepEqual(
    [labels("same"), labels("each"), labels("none")],
    [
      ["s", "s"],
      ["p", "q"],
      ["–", "–"],
    ],
  );
  assert.equal(rows.name(1), "r2");
  rows.add([{ ...base, name: "cost", values: ["1", "2"], at: 0, bytes: 1 }], Uint8Array.from([1, 0]));
  assert.deepEqual([labels("cost"), rows.later], [["2", "1"], []]);
});

test("columns and rows make one grid, in the order of their values", () => {
  assert.deepEqual(plain(pivot(study(), { cols: "strength", rows: "seed" }, ALL)), [
    [
      "",
      ["0.4", "0.8", "1.2"],
      [
        [
          "1",
          [
            [0, [0]],
            [1, [2]],
            [2, [4]],
          ],
        ],
        [
          "2",
          [
            [0, [1]],
            [1, [3]],
            [2, [5]],
          ],
        ],
      ],
    ],
  ]);
});

test("several runs share a cell where an axis is not laid out", () => {
  const [[, , lines]] = plain(pivot(study(), { cols: "strength" }, ALL));
  assert.deepEqual(lines, [
    [
      "",
      [
        [0, [0, 1]],
        [1, [2, 3]],
        [2, [4, 5]],
      ],
    ],
  ]);
});

test("without columns every run is a cell of its own, and groups that are empty are left out", () => {
  const groups = plain(pivot(study(), { rows: "seed", by: "strength" }, [0, 1, 4]));
  assert.deepEqual(groups, [
    [
      "0.4",
      [],
      [
        ["1", [[0, [0]]]],
        ["2", [[0, [1]]]],
      ],
    ],
    ["1.2", [], [["1", [[0, [4]]]]]],
  ]);
  assert.deepEqual(pivot(study(), { by: "sampler" }, ALL), [], "a column that there is not");
  assert.deepEqual(pivot(study(), { cols: "seed" }, []), []);
});

test("a pivot looks once at each row", () => {
  const number = 5000;
  const rows = rowsOf({ a: Array.from({ length: number }, (_, n) => `${n}`), b: Array(number).fill("x") });
  // The helper has one byte a value: the rows' own number is the place here.
  const column = rows.columns.get("a");
  let looks = 0;
  column.code = (row) => {
    looks++;
    return row;
  };
  pivot(rows, { rows: "a", cols: "b" }, [...Array(number).keys()]);
  assert.equal(looks, number);
});

test("values are hidden, one is held, numbers have a range", () => {
  assert.deepEqual(shown({ hidden: { strength: ["0.4"] } }), [2, 3, 4, 5]);
  assert.deepEqual(shown({ held: { seed: "2" } }), [1, 3, 5]);
  assert.deepEqual(shown({ held: { seed: "7" } }), ALL, "a value that is gone holds nothing");
  assert.deepEqual(shown({ ranges: { _score: [0.2, null] } }), [0, 3, 5], "a missing number is in no range");
  assert.deepEqual(shown({ ranges: { _score: [null, 0.3] }, held: { seed: "2" } }), [1, 5]);
  assert.deepEqual(shown({ ranges: { later: [1, 2] } }), ALL, "a column that is still to come hides nothing");
  assert.deepEqual(shown({ cell: [4, 5, 1] }), [4, 5, 1]);
  assert.equal(filterCount({ held: { a: "1" }, ranges: { b: [1, 2] }, search: "x", cell: [1] }), 3);
});

test("a search finds each word in labels, notes, names and reasons", () => {
  const marks = marksOf({ 4: { note: "Crisp hands" } });
  assert.deepEqual(shown({ search: "CRISP" }, marks), [4]);
  assert.deepEqual(
    shown({ search: "1.2 2" }),
    [4, 5].filter((row) => row),
    "both words, anywhere",
  );
  assert.deepEqual(shown({ search: "0.8 crisp" }, marks), []);
  const rows = study({ names: "aa bb cc dd ee ff", troubles: { 1: ["failed", "moderated"] } });
  assert.deepEqual(shown({ search: "cc" }, marksOf(), rows), [2]);
  assert.deepEqual(shown({ search: "moder" }, marksOf(), rows), [1]);
});

test("stars, picks and notes filter", () => {
  const marks = marksOf({ 0: { stars: 3 }, 1: { pick: false }, 2: { pick: true, stars: 0 }, 3: { note: "n" } });
  assert.deepEqual(shown({ stars: "3" }, marks), [0]);
  assert.deepEqual(shown({ flag: "picked" }, marks), [2]);
  assert.deepEqual(shown({ flag: "not rejected" }, marks), [0, 2, 3, 4, 5]);
  assert.deepEqual(shown({ flag: "unrated" }, marks), [3, 4, 5]);
  assert.deepEqual(shown({ flag: "with a note" }, marks), [3]);
});

test("rows are sorted by any column, both ways, missing ones last, and by the mean of the stars", () => {
  assert.deepEqual(shown({ sort: "_score" }), [1, 4, 5, 0, 3, 2]);
  assert.deepEqual(shown({ sort: "_score", down: true }), [3, 0, 5, 1, 4, 2]);
  assert.deepEqual(shown({ sort: "seed" }), [0, 2, 4, 1, 3, 5]);
  assert.deepEqual(shown({ sort: "later" }), ALL, "a column that is still to come");
  const marks = marksOf({ 1: { stars: 4 }, 2: { stars: 5 }, 3: { stars: 0 } });
  marks.put("anna", [{ at: [2], mark: { stars: 1 } }]);
  assert.deepEqual(shown({ sort: "stars" }, marks), [1, 2, 3, 0, 4, 5], "the best first");
  assert.deepEqual(shown({ sort: "stars", down: true }, marks), [3, 2, 1, 0, 4, 5]);
  const texts = rowsOf({ _name: ["b10", "b9", "–", "a"] });
  assert.deepEqual(shown({ sort: "_name" }, marksOf(), texts), [3, 1, 0, 2], "numbers in texts count");
});

test("a row in words: axes, marks, and why it has no picture", () => {
  const rows = study({ troubles: { 1: ["failed", "moderated: no"] }, plus: { 2: "+2" } });
  const marks = marksOf({ 0: { stars: 4, pick: false, note: "soft" } });
  assert.equal(describe(rows, marks, 0), "strength 0.4, seed 1, 4 of 5 stars, rejected, note: soft");
  assert.equal(describe(rows, marks, 1), "strength 0.4, seed 2, failed, moderated: no");
  assert.equal(describe(rows, marks, 2), "strength 0.8, seed 1, +2");
  assert.equal(describe(rowsOf({ _a: ["1"] }, { names: "r" }), marks, 0).split(",")[0], "4 of 5 stars");
});

test("captions say what no label shows, and what tells rows of a cell apart", () => {
  assert.equal(captionOf(study(), { rows: "seed" }, 2), "0.8");
  assert.equal(captionOf(study(), {}, 2), "0.8 · 1");
  assert.equal(captionOf(study(), { held: { seed: "1" } }, 2), "0.8");
  assert.equal(captionOf(study(), { cols: "seed" }, 2), null);
  assert.equal(tellingOf(study(), [0, 1], 1), "seed 2", "the axis, not the score");
  assert.equal(tellingOf(rowsOf({ _score: ["1", "2"] }), [0, 1], 1), "_score 2");
  assert.equal(tellingOf(study(), [0, 1, 2], 2), "0.8 · 1", "several have no names: chips have them");
  assert.equal(tellingOf(study(), [0], 0), null);
  assert.deepEqual(differencesOf(study(), [0, 1]), [
    ["seed", ["1", "2"]],
    ["_score", ["0.5", "0.1"]],
  ]);
});

test("the footer always says how many runs one does not see, and why", () => {
  assert.equal(countWords(6, 6, 6, false), "6 of 6 runs · 0 hidden");
  assert.equal(countWords(1, 1, 1, false), "1 of 1 run · 0 hidden");
  const both = "1,500 of 2,000 runs · 1,000 hidden: 500 behind others in their cells, 500 by filters";
  assert.equal(countWords(2000, 1500, 1000, false), both);
  assert.equal(countWords(6, 2, 2, true), "2 of 6 runs · 4 hidden: 4 outside this cell");
});

test("Python selects a run by what tells it apart, and a row of another frame by its place", () => {
  const rows = rowsOf({ prompt: ['it\'s "x"', "y"], steps: ["10", "–"], loud: ["a", "b"] });
  assert.equal(pythonOf(rows, 0), 'runs.one(prompt="it\'s \\"x\\"", steps=10, loud=\'a\')');
  assert.equal(pythonOf(rows, 1), "runs.one(prompt='y', steps=None, loud='b')");
  const of = (select) => rowsOf({ a: ["1", "2"] }, { select: { names: [], labels: [], ...select } });
  assert.equal(pythonOf(of({ by: "loc" }), 1), "frame.loc[1]");
  assert.equal(pythonOf(of({ by: "loc", labels: ["x", "y"] }), 1), "frame.loc['y']");
  assert.equal(pythonOf(of({ by: "iloc" }), 1), "frame.iloc[1]");
  assert.equal(pythonOfAll(of({ by: "loc", labels: ["x", "y"] }), [1, 0]), "frame.loc[['y', 'x']]");
  assert.equal(pythonOfAll(of({ by: "one" }), [0]), 'runs.where(run=["0"])');
});

test("parameters as JSON and as a sweep file", () => {
  const parameters = ["prompt", "steps"];
  const rows = rowsOf({ prompt: ["a {b} {", "c"], steps: ["10", "20"], other: ["1", "2"] }, { parameters });
  assert.deepEqual(JSON.parse(jsonOf(rows, 0)), { prompt: "a {b} {", steps: 10 });
  assert.equal(tomlOf(rows, 0), 'model = "flux-dev-finetuned"\n\n[sweep]\nprompt = "a {{b}} {"\nsteps = 10\n');
  assert.equal(tomlOf(rowsOf({ a: ["1"] }), 0), "");
});
