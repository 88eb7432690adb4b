// Thumbnails and pictures at full size, as object URLs.

/** @import { Model } from "./widget.js" */

/**
 * @param {any} view A DataView, a typed array or an ArrayBuffer, as front ends give them.
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function bytesOf(view) {
  return view instanceof Uint8Array
    ? /** @type {Uint8Array<ArrayBuffer>} */ (view)
    : new Uint8Array(view.buffer ?? view, view.byteOffset ?? 0, view.byteLength);
}

/**
 * The pictures of a widget.
 *
 * The first thumbnails come with the model as one blob (`thumbs`, `offsets`). Those of the items in `later` (numbers,
 * or ranges without their ends) are asked for when they come in view, and pictures at full size when somebody looks at
 * them.
 */
export class Pictures {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    /** @type {Map<string, string>} URLs: "t3" is the thumbnail of item 3, "f3" its picture. */
    this.urls = new Map();
    /** @type {Map<string, ((url: string | undefined) => void)[]>} Those who wait for a URL, by the same names. */
    this.waiting = new Map();
    /** @type {Set<number>} */
    this.later = new Set();
    for (const one of model.get("later")) {
      const [from, to] = typeof one === "number" ? [one, one + 1] : one;
      for (let at = from; at < to; at++) this.later.add(at);
    }
    /** @type {number[]} Items whose thumbnails are about to be asked for. */
    this.batch = [];
    /** @type {Map<number, string>} Why pictures cannot be shown. */
    this.reasons = new Map(Object.entries(model.get("unreadable") ?? {}).map(([at, why]) => [Number(at), why]));
  }

  /**
   * Why the picture cannot be shown, as far as that is known; empty otherwise.
   *
   * @param {number} index
   */
  why(index) {
    return this.reasons.get(index) ?? "";
  }

  destroy() {
    for (const url of this.urls.values()) URL.revokeObjectURL(url);
  }

  /** @param {number} index */
  has(index) {
    const offsets = this.model.get("offsets");
    return index + 1 < offsets.length ? offsets[index + 1] > offsets[index] : this.later.has(index);
  }

  /**
   * @param {string} key
   * @param {any} data
   * @param {string} type
   */
  keep(key, data, type) {
    if (!this.urls.has(key)) this.urls.set(key, URL.createObjectURL(new Blob([bytesOf(data)], { type })));
  }

  /**
   * The thumbnail if it is here already.
   *
   * @param {number} index
   */
  thumb(index) {
    const key = `t${index}`;
    const offsets = this.model.get("offsets");
    if (!this.urls.has(key) && index + 1 < offsets.length && this.has(index)) {
      this.keep(key, bytesOf(this.model.get("thumbs")).subarray(offsets[index], offsets[index + 1]), "image/jpeg");
    }
    return this.urls.get(key);
  }

  /**
   * The thumbnail, as soon as it is here; undefined if there is none. One message asks for many.
   *
   * @param {number} index
   * @returns {Promise<string | undefined>}
   */
  small(index) {
    if (this.thumb(index) || !this.has(index)) return Promise.resolve(this.thumb(index));
    return this.wait(`t${index}`, () => {
      if (this.batch.push(index) > 1) return;
      queueMicrotask(() => {
        this.model.send({ kind: "thumbs", at: this.batch });
        this.batch = [];
      });
    });
  }

  /**
   * The picture at full size if it is here already.
   *
   * @param {number} index
   */
  fullNow(index) {
    return this.urls.get(`f${index}`);
  }

  /**
   * The picture at full size, asked for once; its thumbnail if it cannot be read.
   *
   * @param {number} index
   * @returns {Promise<string | undefined>}
   */
  full(index) {
    const url = this.fullNow(index);
    if (url) return Promise.resolve(url);
    return this.wait(`f${index}`, () => this.model.send({ kind: "full", index }));
  }

  /**
   * @param {string} key
   * @param {() => void} ask
   * @returns {Promise<string | undefined>}
   */
  wait(key, ask) {
    return new Promise((resolve) => {
      const others = this.waiting.get(key);
      if (others) {
        others.push(resolve);
        return;
      }
      this.waiting.set(key, [resolve]);
      ask();
    });
  }

  /**
   * Takes an answer from Python: a picture or thumbnails, each without bytes if there is none.
   *
   * @param {{ kind: string, index?: number, mime?: string, at?: number[], why?: any }} message
   * @param {any[]} buffers
   */
  receive(message, buffers) {
    if (message.kind === "full") {
      const key = `f${message.index}`;
      if (buffers?.length) this.keep(key, buffers[0], message.mime);
      else if (message.why) this.reasons.set(message.index, message.why);
      this.give(key, this.urls.get(key) ?? this.thumb(message.index));
    } else if (message.kind === "thumbs") {
      message.at.forEach((index, n) => {
        const key = `t${index}`;
        if (bytesOf(buffers[n]).length) this.keep(key, buffers[n], "image/jpeg");
        else this.later.delete(index);
        if (message.why?.[index]) this.reasons.set(index, message.why[index]);
        this.give(key, this.urls.get(key));
      });
    }
  }

  /**
   * @param {string} key
   * @param {string | undefined} url
   */
  give(key, url) {
    const waiting = this.waiting.get(key) ?? [];
    this.waiting.delete(key);
    for (const resolve of waiting) resolve(url);
  }
}
