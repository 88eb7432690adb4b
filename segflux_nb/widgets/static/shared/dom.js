// Elements and keys. Text from outside only ever becomes text nodes and attributes: it is never parsed as HTML.

/** JupyterLab and Notebook do not handle keys in elements with this attribute. */
const SUPPRESS = "data-lm-suppress-shortcuts";

/**
 * Creates an element.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, any>} attributes By name; `on...` adds a listener, and false, null and undefined are left out.
 * @param {...(Node | string | null | undefined)} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "style")
      node.style.cssText = value; // a strict policy of a page permits no attribute of styles
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  // Jupyter looks for this attribute from what has the focus upwards, and in Notebook 7 not far enough.
  if ("tabindex" in attributes || node.matches("button, input, select, textarea")) node.setAttribute(SUPPRESS, "true");
  node.append(...children.filter((child) => child != null));
  return node;
}

/**
 * The keys of a widget.
 *
 * The notebook has commands on single keys (d d deletes a cell), so no key may reach it, used here or not. Tab is the
 * exception. What is not used keeps the meaning that the browser gives it. Keys in a text field belong to the field.
 *
 * @param {HTMLElement} root
 * @param {(key: string, event: KeyboardEvent) => boolean} act Handles a key; says whether it used the key.
 */
export function ownKeys(root, act) {
  root.setAttribute(SUPPRESS, "true");
  root.addEventListener("keydown", (event) => {
    const target = /** @type {Element} */ (event.target);
    const inSlider = target.matches('input[type="range"]') && !/^(Arrow|Home|End|Page)/.test(event.key);
    const onCheckbox = target.matches('input[type="checkbox"]') && event.key !== " ";
    if (target.matches("input, select, textarea") && !inSlider && !onCheckbox) {
      event.stopPropagation();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (act(event.key, event)) event.preventDefault();
    if (event.key !== "Tab") event.stopPropagation();
  });
}
