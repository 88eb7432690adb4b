// The model of a page without a kernel.

import assert from "node:assert/strict";
import { test } from "node:test";
import { PageModel } from "../../segflux_nb/widgets/static/gallery/page_model.js";

test("marks stay in the page, and are told to those who listen", () => {
  const model = new PageModel({ marks: { a: { stars: 1 } } }, () => []);
  const told = [];
  const listen = () => told.push(model.get("marks"));
  model.on("change:marks", listen);
  model.send({ kind: "mark", run: "a", pick: true });
  model.off("change:marks", listen);
  model.send({ kind: "mark", run: "b", stars: 2 });
  assert.deepEqual(told, [{ a: { stars: 1, pick: true } }]);
  assert.deepEqual(model.get("marks").b, { stars: 2 });
});

test("a picture is given from the page; nothing where there is none", () => {
  const model = new PageModel({}, (index) => (index ? [] : ["image/png", "AQID"]));
  const given = [];
  model.on("msg:custom", (message, buffers) => given.push([message, buffers]));
  model.send({ kind: "full", index: 0 });
  model.send({ kind: "full", index: 1 });
  model.send({ kind: "difference", pair: [0, 1] });
  assert.deepEqual(given, [
    [{ kind: "full", index: 0, mime: "image/png" }, [new Uint8Array([1, 2, 3])]],
    [{ kind: "full", index: 1, mime: "" }, []],
  ]);
});
