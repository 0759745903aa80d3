// Makes and updates DOM from data. Text is only ever set through textContent, never parsed as HTML: names, addresses
// and reasons come from strangers on the network.

/**
 * @param {string} tag
 * @param {Record<string, string | number | boolean | null> | null} [attributes] `class`, `aria-*`, ...; null leaves one out
 * @param {...(Node | string | number)} children
 */
export function element(tag, attributes, ...children) {
  const made = document.createElement(tag);
  setAttributes(made, attributes ?? {});
  made.append(...children.map((child) => (typeof child === 'number' ? String(child) : child)));
  return made;
}

/** A name, not an address: nothing is fetched from there. */
const SVG = 'http://www.w3.org/2000/svg';
/** @param {string} tag @param {Record<string, string | number>} attributes @param {...Node} children */
export function svg(tag, attributes, ...children) {
  const made = document.createElementNS(SVG, tag);
  setAttributes(made, attributes);
  made.append(...children);
  return made;
}

/** @param {Element} target @param {Record<string, string | number | boolean | null>} attributes */
function setAttributes(target, attributes) {
  for (const [name, value] of Object.entries(attributes)) if (value !== null) target.setAttribute(name, String(value));
}

/** A drawing with a title that screen readers say. @param {string} label @param {Record<string, string | number>} attributes */
export function drawing(label, attributes, ...children) {
  const title = svg('title', {});
  title.textContent = label;
  return svg('svg', { role: 'img', 'aria-label': label, ...attributes }, title, ...children);
}

/** Unequal texts only, so that a screen reader hears news and a selection stays. @param {Element} target @param {string} text */
export function setText(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

/**
 * A region of the page with its own heading, which is announced when one jumps to it.
 * @param {string} title @param {string} [hint] @returns {{ root: HTMLElement, body: HTMLElement, tools: HTMLElement }}
 */
export function panel(title, hint) {
  const id = `panel-${title.toLowerCase().replace(/[^a-z]+/g, '-')}`;
  const heading = element('h2', { id }, title);
  const tools = element('div', { class: 'tools' });
  const head = element('header', { class: 'panel-head' }, heading, tools);
  const body = element('div', { class: 'panel-body' });
  const root = element('section', { class: 'panel', 'aria-labelledby': id }, head);
  if (hint) root.append(element('p', { class: 'hint' }, hint));
  root.append(body);
  return { root, body, tools };
}

/**
 * Children by key: those that stay keep their element, and with it focus, selection and what was opened.
 * @template T
 * @param {Element} parent @param {readonly T[]} items @param {(item: T) => string} keyOf
 * @param {(item: T) => Element} make @param {(child: Element, item: T) => void} update
 */
export function syncChildren(parent, items, keyOf, make, update) {
  const known = new Map([...parent.children].map((child) => [child.getAttribute('data-key'), child]));
  let cursor = parent.firstElementChild;
  const seen = new Map();
  for (const item of items) {
    const name = keyOf(item);
    const times = seen.get(name) ?? 0;
    seen.set(name, times + 1);
    // Two that cannot be told apart are still two.
    const key = times === 0 ? name : `${name} ${times}`;
    let child = known.get(key);
    known.delete(key);
    if (child === undefined) {
      child = make(item);
      child.setAttribute('data-key', key);
    }
    update(child, item);
    if (child === cursor) cursor = cursor.nextElementSibling;
    else parent.insertBefore(child, cursor);
  }
  for (const gone of known.values()) gone.remove();
}

/** Label and value, in a list that a screen reader reads as pairs. */
export function tiles() {
  const root = element('dl', { class: 'tiles' });
  /** @param {readonly { name: string, value: string, note?: string, tone?: string, meter?: number }[]} items */
  const update = (items) =>
    syncChildren(
      root,
      items,
      ({ name }) => name,
      ({ name }) => {
        const bar = element('span', { class: 'meter', 'aria-hidden': 'true' }, element('span'));
        return element(
          'div',
          null,
          element('dt', null, name),
          element('dd', null, element('strong'), element('small'), bar),
        );
      },
      (tile, { value, note, tone, meter }) => {
        setText(tile.querySelector('strong'), value);
        setText(tile.querySelector('small'), note ?? '');
        tile.className = tone ?? '';
        const bar = tile.querySelector('.meter');
        bar.hidden = meter === undefined;
        bar.firstElementChild.style.width = `${Math.min(100, Math.max(0, (meter ?? 0) * 100))}%`;
      },
    );
  return { root, update };
}
