// Marks that are made, taken back and made again faster than the answers come.

import assert from "node:assert/strict";
import { test } from "node:test";
import { History, MarkBook } from "../../segflux_nb/widgets/static/gallery/marks.js";

const book = () => new MarkBook({ anna: { stars: { 0: 1 }, pick: {}, note: {} } }, "anna");
const step = (name) => ({ rater: "anna", forth: [{ at: [0], mark: { note: name } }], back: [] });

test("what is asked for counts in the way back of what follows", () => {
  const marks = book();
  const history = new History();
  const first = [{ at: [0], mark: { stars: 3 } }];
  history.ask({ rater: "anna", forth: first, back: marks.inverse(first, "anna", history.pending) }, "new");
  const back = marks.inverse([{ at: [0, 1], mark: { stars: 5 } }], "anna", history.pending);
  assert.deepEqual(back, [
    { at: [0], mark: { stars: 3 } },
    { at: [1], mark: { stars: null } },
  ]);
  assert.deepEqual(marks.inverse(first, "ben", history.pending), [{ at: [0], mark: { stars: null } }]);
});

test("the last step is taken back before its answer is there", () => {
  const history = new History();
  const [one, two] = [step("one"), step("two")];
  history.ask(one, "new");
  history.ask(two, "new");
  assert.equal(history.done.at(-1), two);
  history.ask(two, "back");
  assert.equal(history.done.at(-1), one);
  assert.equal(history.undone.at(-1), two);
  history.ask(two, "forth");
  for (const id of [1, 2, 3, 4]) history.answer(id, true);
  assert.deepEqual(history.done, [one, two]);
  assert.deepEqual(history.undone, []);
});

test("what was refused is as before", () => {
  const history = new History();
  const [one, two] = [step("one"), step("two")];
  history.answer(history.ask(one, "new"), true);
  history.answer(history.ask(two, "new"), false);
  assert.deepEqual(history.done, [one]);
  history.answer(history.ask(one, "back"), false);
  assert.deepEqual([history.done, history.undone], [[one], []]);
  history.answer(history.ask(one, "back"), true);
  history.answer(history.ask(one, "forth"), false);
  assert.deepEqual([history.done, history.undone], [[], [one]]);
  assert.equal(history.answer(99, true), null);
});
