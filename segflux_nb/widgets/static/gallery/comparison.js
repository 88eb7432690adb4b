// Two pictures or more, compared: side by side, with a slider, flickering, or by their difference.

import { el } from "../shared/dom.js";
import { Dialog } from "./dialog.js";
import { differenceText, labThumbnail, meanDifference } from "./differences.js";
import { aim } from "./loupe.js";

const MODES = ["side by side", "slider", "flicker", "difference"];
const MODE_KEYS = "asfd";
const GAIN = 3; // differences are drawn this many times brighter than they are

export class Comparison extends Dialog {
  /**
   * @param {import("./dialog.js").Host} host
   * @param {number[]} chosen The items, at least two.
   */
  constructor(host, chosen) {
    const stage = el("div", { class: "sfx-comparison" });
    const buttons = MODES.map((mode, n) => el("button", { type: "button" }, `${mode} (${MODE_KEYS[n]})`));
    super(host, "Comparison", el("div", { class: "sfx-bar" }, ...buttons), stage);
    this.stage = stage;
    this.chosen = chosen;
    this.buttons = buttons;
    buttons.forEach((button, n) => {
      button.addEventListener("click", () => this.draw(n));
    });
    this.draw(0);
  }

  zoom() {
    this.stage.classList.toggle("sfx-actual");
  }

  /** @param {string} key */
  key(key) {
    const mode = MODE_KEYS.indexOf(key);
    if (mode >= 0) this.draw(mode);
    else if (key === " " && this.flip) this.flip();
    else return key === "c" || key === " ";
    return true;
  }

  redraw() {
    this.nameDifference?.();
  }

  /** @param {number} mode */
  draw(mode) {
    this.flip = null;
    this.nameDifference = null;
    this.buttons.forEach((button, n) => {
      button.setAttribute("aria-pressed", String(n === mode));
    });
    this.stage.className = `sfx-comparison sfx-${MODES[mode].replaceAll(" ", "-")}`;
    const parts = [this.sideBySide, this.slider, this.flicker, this.difference][mode].call(this);
    this.stage.replaceChildren(...parts);
    // What had the focus may be gone with the old mode.
    if (!this.element.contains(document.activeElement)) this.element.focus();
  }

  sideBySide() {
    return this.chosen.map((index) => {
      const frame = el("div", { class: "sfx-frame" }, this.picture(index));
      frame.addEventListener("pointermove", (event) => aim(this.stage, event, frame));
      return el("figure", {}, frame, this.caption(index));
    });
  }

  slider() {
    const [first, second] = this.chosen;
    const top = this.picture(second);
    const line = el("div", { class: "sfx-line" });
    const label = "Where the pictures meet";
    const range = el("input", { type: "range", min: 0, max: 100, value: 50, "aria-label": label });
    const move = () => {
      top.style.clipPath = `inset(0 0 0 ${range.value}%)`;
      line.style.left = `${range.value}%`;
    };
    range.addEventListener("input", move);
    move();
    const names = el("div", { class: "sfx-names" }, this.caption(first), this.caption(second));
    return [el("div", { class: "sfx-over" }, this.picture(first), top, line), range, names];
  }

  flicker() {
    const images = this.chosen.map((index) => this.picture(index));
    const name = el("figcaption", { "aria-live": "off" });
    let turn = 0;
    this.flip = () => {
      turn = (turn + 1) % images.length;
      images.forEach((image, n) => {
        image.style.visibility = n === turn ? "visible" : "hidden";
      });
      name.textContent = this.host.words(this.chosen[turn]);
    };
    this.flip();
    const button = el("button", { type: "button", onclick: () => this.flip?.() }, "flip (space)");
    return [el("div", { class: "sfx-over" }, ...images), button, name];
  }

  difference() {
    const { host } = this;
    const [first, second] = this.chosen;
    const label = `Difference of ${host.words(first)} and ${host.words(second)}`;
    const canvas = el("canvas", { role: "img", "aria-label": label });
    const name = el("figcaption");
    /** @type {number | undefined} The browser's number, until Python's is here. */
    let own;
    const show = () => {
      const number = host.difference(first, second) ?? own;
      if (number != null) name.textContent = `mean difference ${differenceText(number)}`;
    };
    this.nameDifference = show;
    show();
    if (host.difference(first, second) == null) host.askDifference(first, second);
    Promise.all([first, second].map(async (index) => pixelsOf(await host.pictures.full(index))))
      .then(([one, other]) => {
        if (host.difference(first, second) == null) own = meanDifference(thumbnailOf(one), thumbnailOf(other));
        drawDifference(canvas, one, other);
        show();
      })
      .catch(() => {
        name.textContent = "One of them cannot be read";
      });
    return [canvas, name];
  }

  /** @param {number} index */
  picture(index) {
    const { host } = this;
    const image = el("img", { alt: host.words(index), draggable: "false", src: host.pictures.thumb(index) });
    host.pictures.full(index).then((url) => {
      if (url) image.src = url;
    });
    return image;
  }

  /** @param {number} index */
  caption(index) {
    return el("figcaption", {}, this.host.words(index));
  }
}

/** @param {ImageData} picture */
function thumbnailOf({ data, width, height }) {
  return labThumbnail(data, width, height);
}

/**
 * The pixels of a picture.
 *
 * @param {string | undefined} url
 */
async function pixelsOf(url) {
  const image = new Image();
  image.src = url;
  await image.decode();
  return drawn(image, image.naturalWidth, image.naturalHeight);
}

/**
 * @param {CanvasImageSource} image
 * @param {number} width
 * @param {number} height
 */
function drawn(image, width, height) {
  const canvas = el("canvas", { width, height });
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  pen.drawImage(image, 0, 0, width, height);
  return pen.getImageData(0, 0, width, height);
}

/**
 * Draws where two pictures differ.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {ImageData} one Its size is the canvas's.
 * @param {ImageData} other
 */
function drawDifference(canvas, one, other) {
  canvas.width = one.width;
  canvas.height = one.height;
  const a = new ImageData(new Uint8ClampedArray(one.data), one.width, one.height);
  const b = other.width === one.width && other.height === one.height ? other : resized(other, one.width, one.height);
  for (let at = 0; at < a.data.length; at += 4) {
    let apart = 0;
    for (let channel = at; channel < at + 3; channel++) apart += Math.abs(a.data[channel] - b.data[channel]);
    a.data[at] = a.data[at + 1] = a.data[at + 2] = (GAIN * apart) / 3;
  }
  canvas.getContext("2d").putImageData(a, 0, 0);
}

/**
 * @param {ImageData} picture
 * @param {number} width
 * @param {number} height
 */
function resized(picture, width, height) {
  const canvas = el("canvas", { width: picture.width, height: picture.height });
  canvas.getContext("2d").putImageData(picture, 0, 0);
  return drawn(canvas, width, height);
}
