// A model without a kernel: what the gallery asks for is in the page, and marks stay in it.
const read = (id) => JSON.parse(document.getElementById(id).textContent);
const bytes = (text) => Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
const state = read("state"), full = document.getElementById("full") ? read("full") : null, actions = {};
const pictures = document.getElementById("static"); // of a page that shows them without a script too
state.thumbs = bytes(state.thumbs);
/** A picture that stands in the page itself: its kind, and its bytes as base64. */
const inPage = (run) => {
  const image = [...pictures.querySelectorAll("img[data-run]")].find((one) => one.dataset.run === run);
  return image?.src.match(/^data:([^;]+);base64,(.*)$/s)?.slice(1) ?? [];
};
const tell = (name, ...args) => (actions[name] ?? []).forEach((action) => action(...args));
const model = {
  get: (name) => state[name],
  set(name, value) { state[name] = value; tell(`change:${name}`); },
  save_changes() {},
  on: (name, action) => { (actions[name] ??= []).push(action); },
  off: (name, action) => { actions[name] = (actions[name] ?? []).filter((one) => one !== action); },
  send({ kind, index, run, ...mark }) {
    if (kind === "mark") model.set("marks", { ...state.marks, [run]: { ...state.marks[run], ...mark } });
    else {
      const [mime, data] = full ? full[index] ?? [] : inPage(state.items[index].run);
      tell("msg:custom", { kind, index, mime: mime ?? "" }, data ? [bytes(data)] : []);
    }
  },
};
const module = await import(URL.createObjectURL(new Blob([bytes(source)], { type: "text/javascript" })));
module.default.render({ model, el: document.getElementById("gallery") });
if (pictures) {
  const area = document.getElementById("gallery"), button = document.createElement("button");
  const show = (interactive) => {
    area.hidden = !interactive;
    pictures.hidden = interactive;
    button.textContent = interactive ? "Show the static sheet" : "Show the gallery";
    button.setAttribute("aria-pressed", String(!interactive));
  };
  button.type = "button";
  button.className = "switch";
  button.addEventListener("click", () => show(area.hidden));
  area.before(button);
  show(true);
}
