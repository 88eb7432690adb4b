// A model without a kernel, for a page: what the gallery asks for is in the page, and marks stay in it.

/**
 * @param {string} text Base64.
 */
export function decoded(text) {
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
}

export class PageModel {
  /**
   * @param {Record<string, any>} state The traits.
   * @param {(index: number) => string[]} picture Gives the mime type and the base64 of a picture; nothing without one.
   * @param {(state: Record<string, any>) => void} [save] Keeps the page as a file.
   */
  constructor(state, picture, save) {
    this.save = save;
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

  /** @param {any} message What a kernel would be asked. */
  send({ kind, id, index, changes, name }) {
    if (kind === "mark") this.tell("msg:custom", { kind: "marked", id, rater: this.state.rater, changes }, []);
    else if (kind === "rater" && name.trim()) this.set("rater", name.trim());
    else if (kind === "page") this.save?.(this.state);
    else if (kind === "full") {
      const [mime, data] = this.picture(index);
      this.tell("msg:custom", { kind, index, mime: mime ?? "" }, data ? [decoded(data)] : []);
    }
  }
}
