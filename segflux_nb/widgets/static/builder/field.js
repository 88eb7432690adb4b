// A field of the builder: a text, lines, a choice or several choices; presets beside it, and below it what it says.

import { el } from "../shared/dom.js";

/**
 * @typedef {string | string[]} Written
 * @typedef {object} FieldForm What Python says of a field.
 * @property {string} name
 * @property {"range" | "lines" | "one" | "several"} kind
 * @property {string} hint
 * @property {string} help
 * @property {string[]} choices
 * @property {{ name: string, value: Written }[]} presets
 */

let made = 0; // fields of this page: each has an id of its own

export class Field {
  /**
   * @param {FieldForm} form
   * @param {Written} written
   * @param {() => void} changed Called when something else is written.
   */
  constructor(form, written, changed) {
    made += 1;
    this.form = form;
    this.changed = changed;
    this.offered = ""; // the names of the presets that are there
    this.id = `sfx-field-${made}`;
    this.said = el("div", { class: "sfx-said", id: `${this.id}-said` });
    this.presets = el("div", { class: "sfx-presets" });
    const control = this.control();
    this.element = form.kind === "several" ? this.group(control) : this.row(control);
    this.write(written);
    this.offer(form);
  }

  /** @returns {HTMLElement} */
  control() {
    const { kind, hint, help, choices } = this.form;
    const attributes = {
      id: this.id,
      title: help,
      placeholder: hint,
      "aria-describedby": this.said.id,
      spellcheck: "false",
      autocomplete: "off",
      oninput: () => this.changed(),
    };
    if (kind === "range") this.input = el("input", { type: "text", ...attributes });
    else if (kind === "lines") this.input = el("textarea", { rows: 2, ...attributes });
    else if (kind === "one") {
      this.input = el("select", attributes, ...choices.map((one) => el("option", { value: one }, one)));
    }
    if (this.input) return this.input;
    this.boxes = choices.map((one) => el("input", { type: "checkbox", value: one, onchange: () => this.changed() }));
    return el("div", { class: "sfx-choices" }, ...this.boxes.map((box) => el("label", {}, box, box.value)));
  }

  /** @param {HTMLElement} control */
  row(control) {
    const label = el("label", { for: this.id, class: "sfx-name" }, this.form.name);
    return el("div", { class: "sfx-field" }, label, el("div", {}, control, this.presets, this.said));
  }

  /** @param {HTMLElement} control */
  group(control) {
    const { name, help } = this.form;
    const label = el("div", { class: "sfx-name", id: `${this.id}-name`, title: help }, name);
    const attributes = {
      class: "sfx-field",
      role: "group",
      "aria-labelledby": label.id,
      "aria-describedby": this.said.id,
    };
    return el("div", attributes, label, el("div", {}, control, this.presets, this.said));
  }

  /** @param {FieldForm} form Presets may come later: those of the log. */
  offer(form) {
    const names = form.presets.map(({ name }) => name).join();
    if (this.offered === names) return;
    this.offered = names;
    const buttons = form.presets.map(({ name, value }) => {
      const title = typeof value === "string" ? value : value.join(", ");
      const label = `${this.form.name}: ${name}`;
      return el("button", { type: "button", title, "aria-label": label, onclick: () => this.take(value) }, name);
    });
    this.presets.replaceChildren(...buttons);
  }

  /** @param {Written} value A preset. */
  take(value) {
    this.write(value);
    this.changed();
  }

  /** @returns {Written} */
  get written() {
    return this.input ? this.input.value : this.boxes.filter((box) => box.checked).map((box) => box.value);
  }

  /** @param {Written} written */
  write(written) {
    if (this.input) this.input.value = String(written);
    else for (const box of this.boxes) box.checked = written.includes(box.value);
  }

  /** @param {{ text: string, is_wrong: boolean } | undefined} said */
  say(said) {
    const text = said ? `${said.is_wrong ? "✘ " : ""}${said.text}` : "";
    if (this.said.textContent !== text) this.said.textContent = text;
    const isWrong = Boolean(said?.is_wrong);
    this.said.classList.toggle("sfx-wrong", isWrong);
    if (isWrong) this.said.setAttribute("role", "alert");
    else this.said.removeAttribute("role");
    this.input?.setAttribute("aria-invalid", String(isWrong));
  }

  /** @param {Node | null} focused What has the focus: nothing is written where somebody types. */
  isUsed(focused) {
    return focused !== null && this.element.contains(focused);
  }
}
