// The tuner's ranking: over which scores its intervals are drawn.

import assert from "node:assert/strict";
import { test } from "node:test";
import { scoreText, spanOf } from "../../segflux_nb/widgets/static/tuner/ranking.js";

const row = (score, low = null, high = null) => ({ label: "", score, low, high, won: "", judged: 0 });

test("all intervals fit, and a value without one counts by its score", () => {
  assert.deepEqual(spanOf([row(1, 0, 2), row(5)]), { low: 0, wide: 5 });
});

test("equal scores have a width to be drawn in", () => {
  assert.deepEqual(spanOf([row(3), row(3)]), { low: 3, wide: 1 });
});

test("a score that is shown as zero has no sign", () => {
  assert.deepEqual([-0.001, -0, 0.004, -0.006, 1.5].map(scoreText), ["0.00", "0.00", "0.00", "−0.01", "1.50"]);
});
