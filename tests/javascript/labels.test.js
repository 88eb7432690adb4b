// Labels of the gallery that begin alike show where they differ.

import assert from "node:assert/strict";
import { test } from "node:test";
import { labelsApart } from "../../segflux_nb/widgets/static/gallery/labels.js";

const BASE = "a cinematic photograph of TOK the fox on a wooden bridge, 35mm, ";

test("words with which long labels begin alike are left out", () => {
  const labels = [`${BASE}red hat`, `${BASE}blue hat`, "a fox"];
  assert.deepEqual(labels.map(labelsApart(labels)), ["… red hat", "… blue hat", "a fox"]);
});

test("labels that are short, alone or begin differently stay whole", () => {
  for (const labels of [
    ["a fox", "a bear"],
    [`${BASE}red hat`],
    [`x ${BASE}`, `y ${BASE}`],
    [],
    ["x".repeat(60), "y"],
  ]) {
    assert.deepEqual(labels.map(labelsApart(labels)), labels);
  }
});
