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

/** Thumbnails, which came as one blob (`thumbs`, `offsets`), and pictures at full size, asked for when looked at. */
class Pictures {
  constructor(model) {
    this.model = model;
    this.urls = new Map(); // "t3": thumbnail of item 3, "f3": its picture
    this.asked = new Map(); // item -> those who wait for its picture
  }

  destroy() { for (const url of this.urls.values()) URL.revokeObjectURL(url); }

  has(index) {
    const offsets = this.model.get("offsets");
    return offsets[index + 1] > offsets[index];
  }

  thumb(index) {
    const key = `t${index}`;
    if (!this.urls.has(key) && this.has(index)) {
      const offsets = this.model.get("offsets");
      const data = bytesOf(this.model.get("thumbs")).subarray(offsets[index], offsets[index + 1]);
      this.urls.set(key, URL.createObjectURL(new Blob([data], { type: "image/jpeg" })));
    }
    return this.urls.get(key);
  }

  /** The picture at full size, asked for once. */
  full(index) {
    const key = `f${index}`;
    if (this.urls.has(key)) return Promise.resolve(this.urls.get(key));
    return new Promise((resolve) => {
      if (this.asked.has(index)) { this.asked.get(index).push(resolve); return; }
      this.asked.set(index, [resolve]);
      this.model.send({ kind: "full", index });
    });
  }

  /** The answer with a picture; it is empty where there is none. */
  came({ index, mime }, buffers) {
    const waiting = this.asked.get(index) ?? [];
    this.asked.delete(index);
    if (buffers?.length) this.urls.set(`f${index}`, URL.createObjectURL(new Blob([bytesOf(buffers[0])], { type: mime })));
    for (const resolve of waiting) resolve(this.urls.get(`f${index}`) ?? this.thumb(index));
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
