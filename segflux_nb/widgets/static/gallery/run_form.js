// Running a picture again: its parameters as a form, the price, and the new picture beside the old one.
//
// Nothing is run but by the button that names the price, and no key but those of a button presses it.

import { el } from "../shared/dom.js";
import { Dialog } from "./dialog.js";
import { icon } from "./icons.js";

/** @import { FormField, TellPrice, TellRun } from "./messages.js" */

export class RunForm extends Dialog {
  /**
   * @param {import("./gallery.js").Gallery} gallery
   * @param {number} row
   */
  constructor(gallery, row) {
    const pair = el("div", { class: "sfx-pair" });
    const fields = el("div", { class: "sfx-fields" });
    const price = el("div", { class: "sfx-price", role: "status", "aria-live": "polite" });
    const button = el("button", { type: "button", class: "sfx-run", "aria-disabled": "true" }, icon("run"), "Run");
    const form = el("div", { class: "sfx-form" }, el("h3", {}, "Run with other parameters"), fields, price, button);
    super(gallery, "Run from this picture", pair, form);
    this.row = row;
    this.pair = pair;
    this.price = price;
    this.button = button;
    /** @type {Map<string, HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement>} */
    this.fields = new Map();
    /** What the fields held at first. @type {Record<string, string>} */
    this.written = {};
    this.asked = 0;
    this.isAsking = false;
    this.isOld = false; // a field was changed after the price was asked for
    /** @type {FormField[]} */
    const parameters = gallery.model.get("form");
    fields.append(...parameters.map((field) => this.field(field)));
    button.addEventListener("click", () => this.run());
    this.show([]);
    this.ask();
  }

  /** All keys are the form's: none rates a picture that one does not look at. @param {string} key */
  key(key) {
    return key !== "Tab" && key !== "Enter";
  }

  /** @param {FormField} field */
  field({ name, kind, allowed, choices }) {
    const attributes = { "aria-describedby": `sfx-${name}`, disabled: true };
    const input =
      kind === "choice"
        ? el("select", attributes, ...choices.map((one) => el("option", { value: one }, one)))
        : kind === "text"
          ? el("textarea", { ...attributes, rows: name === "prompt" ? 3 : 1 })
          : el("input", { ...attributes, type: "text", inputmode: "decimal" });
    input.addEventListener("input", () => this.changed(name));
    input.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      this.close();
    });
    this.fields.set(name, input);
    const wrong = el("span", { class: "sfx-wrong", id: `sfx-${name}` });
    return el("label", { title: `It is ${allowed}.` }, el("span", {}, name), input, wrong);
  }

  /** What is written in fields that were changed. @returns {Record<string, string>} */
  get changes() {
    const entries = [...this.fields].map(([name, { value }]) => [name, value]);
    return Object.fromEntries(entries.filter(([name, value]) => name in this.written && value !== this.written[name]));
  }

  /** @param {string} name */
  changed(name) {
    const input = this.fields.get(name);
    input.parentElement.classList.toggle("sfx-on", input.value !== this.written[name]);
    this.offer(undefined, "");
    if (this.isAsking) this.isOld = true;
    else this.ask();
  }

  /** Asks for the price of what is written, one question at a time. */
  ask() {
    const fields = this.changes;
    if (Object.keys(this.written).length && !Object.keys(fields).length) {
      this.tell("Change a parameter to see the price");
      return;
    }
    this.isAsking = true;
    this.asked++;
    this.gallery.model.send({ kind: "price", id: this.asked, at: this.row, fields });
  }

  /** @param {TellPrice | TellRun} message */
  answer(message) {
    if (message.kind === "run") this.ran(message);
    else if (message.id === this.asked) {
      this.isAsking = false;
      if (message.fields) this.fill(message.fields);
      if (this.isOld) {
        this.isOld = false;
        this.ask();
        return;
      }
      this.tell(message.text, message.field);
      this.offer(message.offer, message.button ?? "");
    }
  }

  /** @param {Record<string, string>} values */
  fill(values) {
    this.written = values;
    for (const [name, input] of this.fields) {
      input.value = values[name] ?? "";
      input.disabled = false;
    }
    const first = this.fields.get("lora_strength") ?? this.fields.values().next().value;
    if (document.activeElement === this.element) first.focus();
  }

  /**
   * @param {string} text
   * @param {string} [field] The one that is wrong.
   */
  tell(text, field) {
    for (const [name, input] of this.fields) {
      const isWrong = name === field;
      input.setAttribute("aria-invalid", String(isWrong));
      input.parentElement.querySelector(".sfx-wrong").textContent = isWrong ? text : "";
    }
    this.price.textContent = field ? "" : text;
  }

  /**
   * Names the price on the button, or takes the offer back.
   *
   * @param {number | undefined} offer
   * @param {string} text
   */
  offer(offer, text) {
    this.offered = text ? offer : undefined;
    this.button.setAttribute("aria-disabled", String(this.offered == null)); // disabled, it would lose the keyboard
    this.button.lastChild.textContent = text || "Run";
  }

  run() {
    if (this.offered == null) return;
    this.gallery.model.send({ kind: "run", offer: this.offered });
    this.offer(undefined, "");
    this.tell("Started …");
  }

  /** @param {TellRun} message */
  ran({ state, text, rows }) {
    this.tell(text);
    if (state === "started") this.pair.lastElementChild.classList.add("sfx-waiting");
    else this.show(rows ?? []);
  }

  /** Shows the picture, and the new ones beside it. @param {number[]} rows */
  show(rows) {
    const { pictures } = this.gallery;
    const figure = (/** @type {number} */ row) => {
      const words = this.gallery.words(row);
      const image = el("img", { alt: words, src: pictures.thumb(row) });
      pictures.full(row).then((url) => {
        if (url) image.src = url;
      });
      const content = pictures.has(row) ? image : el("p", {}, this.gallery.rows.reason(row) || "no picture");
      return el("figure", {}, el("div", { class: "sfx-frame" }, content), el("figcaption", {}, words));
    };
    const empty = el(
      "figure",
      {},
      el("div", { class: "sfx-frame sfx-empty" }, "the new picture"),
      el("figcaption", {}),
    );
    this.pair.replaceChildren(figure(this.row), ...(rows.length ? rows.map(figure) : [empty]));
  }
}
