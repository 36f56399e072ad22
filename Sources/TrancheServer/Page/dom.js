// The document, changed only where it differs: an element that has the focus, a text that is
// selected, a list that is scrolled stay what they are while figures around them change.

const svgSpace = 'http://www.w3.org/2000/svg';

/**
 * Describes an element.
 * @param {string} tag its name.
 * @param {object|null} attributes `key` tells elements of a list apart; functions are listeners
 *   (`onclick`), `shown` takes the element whenever it is shown; `own` says that it fills itself;
 *   null, undefined and false leave an attribute out.
 * @param {...*} children elements, texts, numbers, lists of them; null and false for none.
 */
export function h(tag, attributes, ...children) {
  return { tag, attributes: attributes ?? {}, children: flat(children), key: attributes?.key };
}

const flat = children => children.flat(Infinity)
  .filter(child => child !== null && child !== undefined && child !== false && child !== '')
  .map(child => (typeof child === 'object' ? child : String(child)));

/**
 * Makes an element have just these children.
 * @param {Element} parent whose children they are.
 * @param {...*} children what `h` takes.
 */
export function show(parent, ...children) {
  reconcile(parent, flat(children), parent.namespaceURI === svgSpace);
}

/** What was described of an element when it was last shown. */
const described = new WeakMap();

function reconcile(parent, wanted, isDrawing) {
  const keyed = new Map(), others = [];
  for (const child of parent.childNodes) {
    const key = described.get(child)?.key;
    if (key === undefined) others.push(child);
    else keyed.set(key, child);
  }
  let cursor = parent.firstChild;
  for (const node of wanted) {
    const kept = node.key === undefined ? takeLike(node, others) : takeKeyed(node, keyed);
    const element = kept ?? made(node, isDrawing);
    if (kept) update(kept, node);
    cursor = put(parent, element, cursor);
    node.attributes?.shown?.(element);
  }
  while (cursor) {
    const following = cursor.nextSibling;
    cursor.remove();
    cursor = following;
  }
}

const isLike = (element, node) => typeof node === 'string'
  ? element.nodeType === Node.TEXT_NODE
  : element.localName === node.tag && described.has(element);

function takeLike(node, others) {
  const index = others.findIndex(other => isLike(other, node));
  if (index < 0) return null;
  return others.splice(0, index + 1)[index];
}

function takeKeyed(node, keyed) {
  const element = keyed.get(node.key);
  keyed.delete(node.key);
  return element && element.localName === node.tag ? element : null;
}

/** Puts an element at a place; what has the focus is never moved, but others around it. */
function put(parent, element, cursor) {
  if (element === cursor) return cursor.nextSibling;
  if (element.parentNode === parent && element.contains(document.activeElement)) {
    while (cursor && cursor !== element) {
      const following = cursor.nextSibling;
      parent.append(cursor);
      cursor = following;
    }
    return element.nextSibling;
  }
  parent.insertBefore(element, cursor);
  return cursor;
}

function made(node, isDrawing) {
  if (typeof node === 'string') return document.createTextNode(node);
  const isSVG = isDrawing || node.tag === 'svg';
  const element = isSVG
    ? document.createElementNS(svgSpace, node.tag)
    : document.createElement(node.tag);
  described.set(element, { attributes: {}, key: node.key, listeners: {} });
  update(element, node);
  return element;
}

function update(element, node) {
  if (typeof node === 'string') {
    if (element.data !== node) element.data = node;
    return;
  }
  const before = described.get(element);
  for (const name of Object.keys(before.attributes)) {
    if (!(name in node.attributes)) set(element, name, null, before);
  }
  for (const [name, value] of Object.entries(node.attributes)) {
    if (name !== 'key' && before.attributes[name] !== value) set(element, name, value, before);
  }
  before.attributes = node.attributes;
  // An element with a life of its own shows nothing through this module.
  if (!node.attributes.own) {
    reconcile(element, node.children, element.namespaceURI === svgSpace);
  }
}

/** What people change as well: it is set as a property, and only when its description changes. */
const properties = new Set(['value', 'checked', 'disabled', 'hidden', 'selected']);

function set(element, name, value, before) {
  if (name === 'own' || name === 'shown') return;
  if (name.startsWith('on')) {
    listen(element, name.slice(2), value, before);
  } else if (properties.has(name)) {
    element[name] = value ?? (name === 'value' ? '' : false);
  } else if (value === null || value === undefined || value === false) {
    element.removeAttribute(name);
  } else {
    element.setAttribute(name, value === true ? '' : String(value));
  }
}

function listen(element, type, listener, before) {
  if (!(type in before.listeners)) {
    element.addEventListener(type, event => before.listeners[type]?.(event));
  }
  before.listeners[type] = listener;
}
