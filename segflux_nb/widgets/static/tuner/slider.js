// The tuner's slider: all pictures of one value of the axis, and the values one after the other.

import { el } from "../shared/dom.js";

const REST = 150; // milliseconds on a value until its pictures come at full size

export class Slider {
  /**
   * @param {import("../shared/widget.js").Model} model
   * @param {import("../shared/pictures.js").Pictures} pictures
   * @param {number} at The value that it shows first.
   */
  constructor(model, pictures, at) {
    this.model = model;
    this.pictures = pictures;
    /** @type {string[]} */
    const labels = model.get("labels");
    /** @type {string[]} What the pictures of one value differ in, in words. */
    this.blocks = model.get("blocks");
    this.value = el("div", { class: "sfx-value" });
    const range = { type: "range", min: 0, max: labels.length - 1, step: 1, value: at, "aria-label": this.axis };
    this.range = el("input", { ...range, oninput: () => this.go(Number(this.range.value)) });
    const ends = [labels[0], labels[labels.length - 1]].map((label) => el("span", {}, label));
    this.shown = this.blocks.map(() => ({
      image: el("img", { draggable: "false" }),
      absent: el("div", { class: "sfx-absent" }, el("b", {}, "no picture")),
    }));
    const figures = this.shown.map(({ image, absent }, n) => {
      const block = this.blocks[n];
      const frame = el("div", { class: "sfx-frame" }, image, absent);
      return el("figure", {}, frame, el("figcaption", { title: block }, block));
    });
    this.elements = [
      this.value,
      el("div", { class: "sfx-range" }, this.range, el("div", { class: "sfx-ends", "aria-hidden": "true" }, ...ends)),
      el("div", { class: "sfx-row" }, ...figures),
    ];
    this.go(at);
  }

  destroy() {
    clearTimeout(this.resting);
  }

  get axis() {
    return this.model.get("axis");
  }

  /**
   * Shows a value.
   *
   * @param {number} at
   */
  go(at) {
    this.at = at;
    const label = this.model.get("labels")[at];
    /** @type {number[]} */
    const row = this.model.get("cells")[at];
    this.value.textContent = `${this.axis} ${label}`;
    this.range.setAttribute("aria-valuetext", label);
    this.shown.forEach(({ image, absent }, n) => {
      const has = row[n] >= 0 && this.pictures.has(row[n]);
      const block = this.blocks[n];
      image.hidden = !has;
      absent.hidden = has;
      image.alt = `${this.axis} ${label}${block ? `, ${block}` : ""}`;
      if (has) image.src = this.pictures.fullNow(row[n]) ?? this.pictures.thumb(row[n]);
    });
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.sharpen(at, row), REST);
  }

  /**
   * Shows the pictures at full size, as long as their value is shown.
   *
   * @param {number} at
   * @param {number[]} row
   */
  sharpen(at, row) {
    this.shown.forEach(async ({ image }, n) => {
      if (row[n] < 0 || !this.pictures.has(row[n])) return;
      const url = await this.pictures.full(row[n]);
      if (url && this.at === at) image.src = url;
    });
  }
}
