// The model of a page without a kernel.

import assert from "node:assert/strict";
import { test } from "node:test";
import { PageModel } from "../../segflux_nb/widgets/static/gallery/page_model.js";

test("marks stay in the page, and are told to those who listen", () => {
  const model = new PageModel({ rater: "me" }, () => []);
  const told = [];
  const listen = (message) => told.push(message);
  const changes = [{ at: [1], mark: { pick: true } }];
  model.on("msg:custom", listen);
  model.send({ kind: "mark", id: 3, changes });
  model.off("msg:custom", listen);
  model.send({ kind: "mark", id: 4, changes });
  assert.deepEqual(told, [{ kind: "marked", id: 3, rater: "me", changes }]);
});

test("somebody else can rate there", () => {
  const model = new PageModel({ rater: "me" }, () => []);
  const told = [];
  model.on("change:rater", () => told.push(model.get("rater")));
  model.send({ kind: "rater", name: " anna " });
  model.send({ kind: "rater", name: " " });
  assert.deepEqual(told, ["anna"]);
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

test("the page is saved with its state", () => {
  const kept = [];
  new PageModel(
    { a: 1 },
    () => [],
    (state) => kept.push(state),
  ).send({ kind: "page" });
  assert.deepEqual(kept, [{ a: 1 }]);
});
