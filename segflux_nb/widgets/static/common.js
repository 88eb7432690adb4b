// What the modules of all widgets share; it stands before each of them. Words from outside go through textContent only.

const SUPPRESS = "data-lm-suppress-shortcuts"; // JupyterLab and Notebook leave keys alone where it is set

function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  // Jupyter looks for this attribute from what has the focus upwards, and in Notebook 7 not far enough.
  if ("tabindex" in attributes || node.matches("button, input, select, textarea")) node.setAttribute(SUPPRESS, "true");
  node.append(...children.filter((child) => child != null));
  return node;
}

function bytesOf(view) {
  return view instanceof Uint8Array ? view : new Uint8Array(view.buffer ?? view, view.byteOffset ?? 0, view.byteLength);
}

/**
 * Thumbnails, of which the first came as one blob (`thumbs`, `offsets`) and others come when asked for (`later` lists
 * those), and pictures at full size, asked for when looked at.
 */
class Pictures {
  constructor(model) {
    this.model = model;
    this.urls = new Map(); // "t3": thumbnail of item 3, "f3": its picture
    this.waiting = new Map(); // the same names -> those who wait for it
    this.later = new Set(model.get("later"));
    this.batch = []; // items whose thumbnails are about to be asked for
  }

  destroy() { for (const url of this.urls.values()) URL.revokeObjectURL(url); }

  has(index) {
    const offsets = this.model.get("offsets");
    return index + 1 < offsets.length ? offsets[index + 1] > offsets[index] : this.later.has(index);
  }

  keep(key, data, type) {
    if (!this.urls.has(key)) this.urls.set(key, URL.createObjectURL(new Blob([bytesOf(data)], { type })));
  }

  /** The thumbnail where it is at hand. */
  thumb(index) {
    const key = `t${index}`, offsets = this.model.get("offsets");
    if (!this.urls.has(key) && index + 1 < offsets.length && this.has(index)) {
      this.keep(key, bytesOf(this.model.get("thumbs")).subarray(offsets[index], offsets[index + 1]), "image/jpeg");
    }
    return this.urls.get(key);
  }

  /** The thumbnail as soon as it is there; nothing where there is none. Many are asked for in one message. */
  small(index) {
    if (this.thumb(index) || !this.has(index)) return Promise.resolve(this.thumb(index));
    return this.wait(`t${index}`, () => {
      if (this.batch.push(index) > 1) return;
      queueMicrotask(() => { this.model.send({ kind: "thumbs", at: this.batch }); this.batch = []; });
    });
  }

  /** The picture at full size, asked for once. */
  full(index) {
    const key = `f${index}`;
    if (this.urls.has(key)) return Promise.resolve(this.urls.get(key));
    return this.wait(key, () => this.model.send({ kind: "full", index }));
  }

  wait(key, ask) {
    return new Promise((resolve) => {
      if (this.waiting.has(key)) { this.waiting.get(key).push(resolve); return; }
      this.waiting.set(key, [resolve]);
      ask();
    });
  }

  /** An answer: with a picture, or with thumbnails; empty where there is none. */
  came(message, buffers) {
    if (message.kind === "full") {
      const { index, mime } = message;
      if (buffers?.length) this.keep(`f${index}`, buffers[0], mime);
      this.give(`f${index}`, this.urls.get(`f${index}`) ?? this.thumb(index));
    } else if (message.kind === "thumbs") {
      message.at.forEach((index, n) => {
        if (bytesOf(buffers[n]).length) this.keep(`t${index}`, buffers[n], "image/jpeg");
        else this.later.delete(index);
        this.give(`t${index}`, this.urls.get(`t${index}`));
      });
    }
  }

  give(key, url) {
    const waiting = this.waiting.get(key) ?? [];
    this.waiting.delete(key);
    for (const resolve of waiting) resolve(url);
  }
}

/** Registers actions at a model, and takes all of them away again. */
class Listening {
  constructor(model) { this.model = model; this.all = []; }
  to(name, action) { this.model.on(name, action); this.all.push([name, action]); }
  end() { for (const [name, action] of this.all) this.model.off(name, action); }
}

/** Hides the static sheet that stands above a live widget in a notebook; it comes back when the widget goes. */
function hideTwin(root) {
  const twin = root.closest(".jp-OutputArea-child")?.previousElementSibling;
  if (!twin?.querySelector(".jp-RenderedImage")) return () => {};
  twin.style.display = "none";
  return () => { twin.style.display = ""; };
}

/** What anywidget calls to show one of our widgets; `make(model, root)` gives it, with `destroy`. */
function rendering(make) {
  return ({ model, el: root }) => {
    const widget = make(model, root);
    let back = () => {};
    const later = requestAnimationFrame(() => { back = hideTwin(root); });
    return () => { cancelAnimationFrame(later); back(); widget.destroy(); };
  };
}

/**
 * Keys of a widget: `act(key, event)` says whether it used one.
 *
 * The notebook has commands on single keys (d d deletes a cell): none of them may leave, used here or not. Tab goes on,
 * and what was not used keeps what the browser does with it. Keys in a field are the field's own.
 */
function ownKeys(root, act) {
  root.setAttribute(SUPPRESS, "true");
  root.addEventListener("keydown", (event) => {
    const inSlider = event.target.matches('input[type="range"]') && !/^(Arrow|Home|End|Page)/.test(event.key);
    if (event.target.matches("input, select, textarea") && !inSlider) { event.stopPropagation(); return; }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (act(event.key, event)) event.preventDefault();
    if (event.key !== "Tab") event.stopPropagation();
  });
}
