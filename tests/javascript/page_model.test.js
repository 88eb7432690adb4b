// The model of a page without a kernel.

import assert from "node:assert/strict";
import { test } from "node:test";
import { decoded, encoded, PageModel } from "../../segflux_nb/widgets/static/gallery/page_model.js";

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

test("a file of some rows is made by the page, or it says why there is none", async () => {
  const model = new PageModel({}, () => []);
  const told = [];
  model.on("msg:custom", (message, buffers) => told.push([message, buffers]));
  const content = new Blob(["1 2"], { type: "text/html" });
  model.files = {
    html: async (rows) => ({ name: `${rows.join("-")}.html`, content }),
    sheet: async () => {
      throw new Error("too large");
    },
  };
  await model.make("html", [4, 7]);
  await model.make("sheet", [4]);
  assert.deepEqual(told, [
    [{ kind: "file", name: "4-7.html", mime: "text/html" }, [content]],
    [{ kind: "error", text: "too large" }, []],
  ]);
});

test("bytes are written as base64 and read again", () => {
  const data = Uint8Array.from({ length: 20_000 }, (_, at) => at % 256);
  assert.deepEqual(decoded(encoded(data)), data);
});
