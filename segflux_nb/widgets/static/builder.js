// The builder of sweeps: fields on one side; on the other the runs, the price, the code, and what runs them.
//
// Its model has the traits `fields`, `written`, `said`, `summary`, `size`, `note`, `code`, `first`, `buttons`,
// `is_running`, `has_gallery`, `error`, `shown` and `answered`. It sends {kind: "write", values, first, number},
// {kind: "run", first} and {kind: "gallery"}. `answered` is the number of the last message whose price is shown.

import { Below } from "./builder/below.js";
import { Field } from "./builder/field.js";
import { el, ownKeys } from "./shared/dom.js";
import { Listening } from "./shared/widget.js";

const PAUSE = 120; // milliseconds after the last key, before what is written is sent

/**
 * Switches a button off or on: disabled, it would lose the keyboard.
 *
 * @param {HTMLButtonElement} button
 * @param {boolean} isOff
 */
function off(button, isOff) {
  button.setAttribute("aria-disabled", String(isOff));
}

class Form {
  /**
   * @param {import("./shared/widget.js").Model} model
   * @param {HTMLElement} root
   * @param {import("./builder/below.js").Host} [host]
   */
  constructor(model, root, host) {
    this.model = model;
    this.root = root;
    /** @type {Map<string, Field>} */
    this.fields = new Map();
    /** @type {Set<string>} What was written and not sent yet. */
    this.unsent = new Set();
    this.sent = model.get("answered");
    this.below = new Below(host);
    root.classList.add("sfx", "sfx-builder");
    ownKeys(root, () => false);
    this.draw();
    this.listening = new Listening(model);
    for (const name of ["fields", "said", "summary", "size", "note", "code", "buttons", "answered"]) {
      this.listening.to(`change:${name}`, () => this.redrawSoon());
    }
    for (const name of ["is_running", "has_gallery", "error", "shown"]) {
      this.listening.to(`change:${name}`, () => this.redrawSoon());
    }
  }

  destroy() {
    clearTimeout(this.timer);
    cancelAnimationFrame(this.frame);
    this.listening.end();
    this.below.destroy();
  }

  redrawSoon() {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.redraw());
  }

  draw() {
    this.form = el("div", { class: "sfx-form" });
    this.note = el("div", { class: "sfx-note" });
    this.size = el("div", { class: "sfx-size" });
    this.summary = el("div", { class: "sfx-summary", role: "status" });
    this.first = el("input", {
      type: "number",
      "aria-label": "Cells of the first look",
      min: 1,
      step: 1,
      value: this.model.get("first"),
      oninput: () => this.hear(""),
    });
    this.firstLabel = el("label", {}, "A first look: ", this.first, " cells, corners and middles");
    this.run = el("div", { class: "sfx-buttons" });
    const gallery = () => this.model.send({ kind: "gallery" });
    this.gallery = el("button", { type: "button", onclick: gallery }, "Open the gallery");
    this.error = el("div", { class: "sfx-wrong", role: "alert" });
    this.code = el("pre", { tabindex: 0, "aria-label": "Python that makes this sweep" });
    const copy = () => navigator.clipboard?.writeText(this.code.textContent);
    this.copy = el("button", { type: "button", class: "sfx-copy", onclick: copy }, "Copy");
    this.buttons = [0, 1].map((at) => el("button", { type: "button", onclick: () => this.begin(at) }));
    this.run.append(...this.buttons, this.gallery);
    const code = el("div", { class: "sfx-code" }, this.code, this.copy);
    const side = el("div", { class: "sfx-side" }, this.size, this.summary, this.firstLabel, this.run, this.error, code);
    const both = el("div", { class: "sfx-both" }, el("div", {}, this.note, this.form), side);
    this.root.replaceChildren(both, this.below.element);
    this.redraw();
  }

  redraw() {
    const said = this.model.get("said");
    this.follow(this.model.get("fields"), this.focused);
    for (const [name, field] of this.fields) field.say(said[name]);
    this.note.textContent = this.model.get("note");
    this.size.textContent = this.model.get("size");
    const lines = this.model.get("summary");
    this.summary.replaceChildren(...lines.map((/** @type {string} */ line) => el("div", {}, line)));
    this.code.textContent = this.model.get("code");
    this.code.parentElement.hidden = !this.model.get("code");
    this.error.textContent = this.model.get("error");
    this.gallery.hidden = !this.model.get("has_gallery");
    this.below.show(this.model.get("shown"));
    this.enable();
  }

  /** Nothing runs whose price is not shown. */
  enable() {
    /** @type {{ words: string, price: string, first: boolean, cells: number }[]} */
    const offered = this.model.get("buttons");
    const isShown = !this.unsent.size && this.model.get("answered") === this.sent;
    this.buttons.forEach((button, at) => {
      const offer = offered[at];
      const had = button === this.focused;
      button.hidden = !offer && at > 0;
      if (had && button.hidden) this.buttons[0].focus();
      off(button, !offer || !isShown || this.model.get("is_running"));
      button.classList.toggle("sfx-main", at === Math.max(0, offered.length - 1));
      button.replaceChildren(offer?.words ?? "Run", offer ? el("small", {}, offer.price) : "");
    });
    this.firstLabel.hidden = !offered.some(({ cells }) => cells > 2) && this.focused !== this.first;
    this.root.toggleAttribute("aria-busy", !isShown);
  }

  get focused() {
    return /** @type {Document | ShadowRoot} */ (this.root.getRootNode()).activeElement;
  }

  /**
   * @param {import("./builder/field.js").FieldForm[]} forms
   * @param {Element | null} focused
   */
  follow(forms, focused) {
    const written = this.model.get("written");
    for (const [name, field] of this.fields) {
      if (forms.some((form) => form.name === name)) continue;
      field.element.remove();
      this.fields.delete(name);
    }
    for (const form of forms) {
      const field = this.fields.get(form.name);
      if (!field) this.add(form, written[form.name] ?? "");
      else {
        field.offer(form);
        const isAhead = field.isUsed(focused) || this.unsent.has(form.name) || this.model.get("answered") !== this.sent;
        if (!isAhead) field.write(written[form.name] ?? "");
      }
    }
  }

  /**
   * @param {import("./builder/field.js").FieldForm} form
   * @param {import("./builder/field.js").Written} written
   */
  add(form, written) {
    const field = new Field(form, written, () => this.hear(form.name));
    this.fields.set(form.name, field);
    this.form.append(field.element);
  }

  /** @param {string} name The field in which something is written; empty for the number of first cells. */
  hear(name) {
    this.unsent.add(name);
    this.enable();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.send(), PAUSE);
  }

  send() {
    const names = [...this.unsent].filter((name) => this.fields.has(name));
    const values = Object.fromEntries(names.map((name) => [name, this.fields.get(name).written]));
    this.unsent.clear();
    this.sent += 1;
    this.model.send({ kind: "write", values, first: this.first.valueAsNumber || null, number: this.sent });
    this.enable();
  }

  /** @param {number} at The button. */
  begin(at) {
    if (this.buttons[at].getAttribute("aria-disabled") === "true") return;
    for (const button of this.buttons) off(button, true); // until Python says what runs
    this.model.send({ kind: "run", first: this.model.get("buttons")[at].first });
  }
}

/**
 * @typedef {{ model: import("./shared/widget.js").Model, el: HTMLElement }} Place
 * @param {Place & { host?: import("./builder/below.js").Host }} context
 */
function render({ model, el: root, host }) {
  const form = new Form(model, root, host);
  return () => form.destroy();
}

export default { render };
