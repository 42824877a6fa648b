/* SPDX-License-Identifier: Apache-2.0 */
/* Elements by one function. Text reaches the page as text only; what would hide or turn it is shown as a sign. */

const SVG = "http://www.w3.org/2000/svg";

/* Control characters, those that are not seen at all, and those that change the direction of what follows: a sign in their place. */
const UNSEEN = new RegExp("[\\u{0}-\\u{8}\\u{b}-\\u{1f}\\u{7f}-\\u{9f}\\u{ad}\\u{34f}\\u{61c}\\u{115f}-\\u{1160}\\u{180e}" +
    "\\u{200b}-\\u{200f}\\u{2028}-\\u{202e}\\u{2060}-\\u{206f}\\u{3164}\\u{feff}\\u{ffa0}\\u{fff9}-\\u{fffb}" +
    "\\u{e0000}-\\u{e007f}]", "gu");

/** Text from outside (callers, log lines, the provider, file names) as it is to be shown. */
export function visible(text) {
    return String(text ?? "").replace(UNSEEN, (found) => {
        const code = found.codePointAt(0);
        return code < 0x20 ? String.fromCodePoint(0x2400 + code) : code === 0x7f ? "␡" : "\ufffd";
    });
}

/* Attributes that are read or shown as text. */
const SAID = ["title", "aria-label", "placeholder"];

function setAttribute(element, name, value) {
    if (value === undefined || value === null || value === false)
        return;
    if (name === "on")
        for (const [type, listener] of Object.entries(value))
            element.addEventListener(type, listener);
    else if (name === "value" || name === "checked" || name === "disabled" || name === "readOnly")
        element[name] = value;
    else
        element.setAttribute(name, value === true ? "" : SAID.includes(name) ? visible(value) : value);
}

function fill(element, attributes, children) {
    for (const [name, value] of Object.entries(attributes ?? {}))
        setAttribute(element, name, value);
    add(element, children);
    return element;
}

function add(element, children) {
    for (const child of children.flat(Infinity))
        if (child !== undefined && child !== null && child !== false)
            element.append(child instanceof Node ? child : visible(child));
}

/** h("p", {class: "x", on: {click: f}}, "text", element, [more]) */
export const h = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);
export const svg = (tag, attributes, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

/** An icon of the sprite in index.html; its word stands beside it, so that it says nothing itself. */
export const icon = (name) =>
    svg("svg", { class: "icon", "aria-hidden": "true", focusable: "false" }, svg("use", { href: `#icon-${name}` }));

export function replace(element, ...children) {
    element.replaceChildren();
    add(element, children);
    return element;
}

/** Sets text only where it differs, so that nothing is announced or laid out again for nothing. */
export function setText(element, text) {
    const shown = visible(text);
    if (element.textContent !== shown)
        element.textContent = shown;
}

/** Puts `children` in place of what is there, keeping every node that stands in both (by data-id), so that focus and scroll stay. */
export function reconcile(parent, items, idOf, make, update) {
    const wanted = new Set(items.map((item) => String(idOf(item))));
    const old = new Map([...parent.children].map((child) => [child.dataset.id, child]));
    /* First what goes: else all behind it would be moved, and what is moved loses the focus. */
    for (const [id, child] of old)
        if (!wanted.has(id))
            child.remove();
    items.forEach((item, index) => {
        const id = String(idOf(item));
        const element = old.get(id) ?? make(item);
        element.dataset.id = id;
        update?.(element, item);
        if (parent.children[index] !== element)
            parent.insertBefore(element, parent.children[index] ?? null);
    });
}
