// A model without a kernel: what the gallery asks for is in the page, and marks stay in it.
const read = (id) => JSON.parse(document.getElementById(id).textContent);
const bytes = (text) => Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
const state = read("state"), full = read("full"), actions = {};
state.thumbs = bytes(state.thumbs);
const tell = (name, ...args) => (actions[name] ?? []).forEach((action) => action(...args));
const model = {
  get: (name) => state[name],
  set(name, value) { state[name] = value; tell(`change:${name}`); },
  save_changes() {},
  on: (name, action) => { (actions[name] ??= []).push(action); },
  off: (name, action) => { actions[name] = (actions[name] ?? []).filter((one) => one !== action); },
  send({ kind, index, run, ...mark }) {
    if (kind === "mark") model.set("marks", { ...state.marks, [run]: { ...state.marks[run], ...mark } });
    else tell("msg:custom", { kind, index, mime: full[index]?.[0] ?? "" }, full[index] ? [bytes(full[index][1])] : []);
  },
};
const module = await import(URL.createObjectURL(new Blob([bytes(source)], { type: "text/javascript" })));
module.default.render({ model, el: document.getElementById("gallery") });
