// A model without a kernel, for a page: what the gallery asks for is in the page, and marks stay in it.

/**
 * @param {string} text Base64.
 */
export function decoded(text) {
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
}

/** @param {Uint8Array} data */
export function encoded(data) {
  let text = "";
  for (let at = 0; at < data.length; at += 8192) text += String.fromCharCode(...data.subarray(at, at + 8192));
  return btoa(text);
}

/** @typedef {(rows: number[]) => Promise<{ name: string, content: Blob }>} MakeFile */

export class PageModel {
  /**
   * @param {Record<string, any>} state The traits.
   * @param {(index: number) => string[]} picture Gives the mime type and the base64 of a picture; nothing without one.
   */
  constructor(state, picture) {
    /** How a file is made of some rows, by its form: its name and its content. @type {Record<string, MakeFile>} */
    this.files = {};
    this.state = state;
    this.picture = picture;
    /** @type {Map<string, Set<(...args: any[]) => void>>} */
    this.actions = new Map();
  }

  /** @param {string} name */
  get(name) {
    return this.state[name];
  }

  /** @param {string} name @param {any} value */
  set(name, value) {
    this.state[name] = value;
    this.tell(`change:${name}`);
  }

  save_changes() {}

  /** @param {string} name @param {(...args: any[]) => void} action */
  on(name, action) {
    this.actions.set(name, (this.actions.get(name) ?? new Set()).add(action));
  }

  /** @param {string} name @param {(...args: any[]) => void} action */
  off(name, action) {
    this.actions.get(name)?.delete(action);
  }

  /** @param {string} name @param {...any} args */
  tell(name, ...args) {
    for (const action of this.actions.get(name) ?? []) action(...args);
  }

  /**
   * Makes a file and gives it, as a kernel would; or says why there is none.
   *
   * @param {string} form
   * @param {number[]} rows
   */
  async make(form, rows) {
    try {
      if (!rows.length) throw new Error("There is nothing to save: no picture is shown. Loosen the filters.");
      const { name, content } = await this.files[form](rows);
      this.tell("msg:custom", { kind: "file", name, mime: content.type }, [content]);
    } catch (error) {
      this.tell("msg:custom", { kind: "error", text: /** @type {Error} */ (error).message }, []);
    }
  }

  /** @param {any} message What a kernel would be asked. */
  send({ kind, id, index, changes, name, form, rows }) {
    if (kind === "mark") this.tell("msg:custom", { kind: "marked", id, rater: this.state.rater, changes }, []);
    else if (kind === "rater" && name.trim()) this.set("rater", name.trim());
    else if (kind === "save") this.make(form, rows);
    else if (kind === "full") {
      const [mime, data] = this.picture(index);
      this.tell("msg:custom", { kind, index, mime: mime ?? "" }, data ? [decoded(data)] : []);
    }
  }
}
