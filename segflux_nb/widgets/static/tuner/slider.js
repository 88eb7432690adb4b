// The tuner's sliders, one for each axis: all pictures of one value, and the values one after the other.

import { el } from "../shared/dom.js";

const REST = 150; // milliseconds on a value until its pictures come at full size

export class Slider {
  /**
   * @param {import("../shared/widget.js").Model} model
   * @param {import("../shared/pictures.js").Pictures} pictures
   * @param {import("./places.js").Places} places
   */
  constructor(model, pictures, places) {
    this.pictures = pictures;
    this.places = places;
    /** @type {string[]} What the pictures of one place differ in, in words. */
    this.blocks = model.get("blocks");
    /** @type {number[]} The number of the value of each axis that is shown. */
    this.at = places.axes.map(({ labels }) => Math.floor((labels.length - 1) / 2));
    this.value = el("div", { class: "sfx-value" });
    this.ranges = places.axes.map(({ name, labels }, n) => {
      const range = { type: "range", min: 0, max: labels.length - 1, step: 1, value: this.at[n], "aria-label": name };
      return el("input", { ...range, oninput: () => this.go(n, Number(this.ranges[n].value)) });
    });
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
      ...this.ranges.map((range, n) => this.labelled(range, n)),
      el("div", { class: "sfx-row" }, ...figures),
    ];
    this.draw();
  }

  destroy() {
    clearTimeout(this.resting);
  }

  /**
   * A slider between the ends of its axis.
   *
   * @param {HTMLInputElement} range
   * @param {number} n
   */
  labelled(range, n) {
    const { name, labels } = this.places.axes[n];
    const words = [labels[0], this.places.axes.length > 1 ? name : "", labels[labels.length - 1]];
    const ends = words.filter(Boolean).map((word) => el("span", {}, word));
    return el("div", { class: "sfx-range" }, range, el("div", { class: "sfx-ends", "aria-hidden": "true" }, ...ends));
  }

  /**
   * Shows another value of an axis.
   *
   * @param {number} n
   * @param {number} value
   */
  go(n, value) {
    this.at[n] = value;
    this.draw();
  }

  draw() {
    const words = this.places.words(this.at);
    const row = this.places.pictures(this.at);
    this.value.textContent = words;
    this.ranges.forEach((range, n) => {
      range.setAttribute("aria-valuetext", this.places.axes[n].labels[this.at[n]]);
    });
    this.shown.forEach(({ image, absent }, n) => {
      const has = row[n] >= 0 && this.pictures.has(row[n]);
      const block = this.blocks[n];
      image.hidden = !has;
      absent.hidden = has;
      image.alt = `${words}${block ? `, ${block}` : ""}`;
      if (has) image.src = this.pictures.fullNow(row[n]) ?? this.pictures.thumb(row[n]);
    });
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.sharpen(row), REST);
  }

  /**
   * Shows the pictures at full size, as long as their place is shown.
   *
   * @param {number[]} row
   */
  sharpen(row) {
    this.shown.forEach(async ({ image }, n) => {
      if (row[n] < 0 || !this.pictures.has(row[n])) return;
      const url = await this.pictures.full(row[n]);
      if (url && this.places.pictures(this.at) === row) image.src = url;
    });
  }
}
