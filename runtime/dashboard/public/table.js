// Tables that are updated in place. A cell is a text or, with `render`, elements that the column keeps up to date.
import { element, setText, syncChildren } from './dom.js';

/**
 * @template Row
 * @typedef {object} Column
 * @property {string} name
 * @property {(row: Row) => string} [text]
 * @property {(cell: HTMLElement, row: Row) => void} [render] called for a new cell and at each update
 * @property {boolean} [number] right-aligned, digits of one width
 * @property {string} [hint] what the column means
 * @property {string} [sort] the name to sort by, for columns that one can sort by
 */

/**
 * @template Row
 * @param {{ caption: string, columns: readonly Column<Row>[], keyOf: (row: Row) => string, empty?: string,
 *   onSort?: (by: string) => void }} options
 */
export function createTable({ caption, columns, keyOf, empty = 'Nothing yet', onSort }) {
  const head = element('tr', null, ...columns.map((column) => headerCell(column, onSort)));
  const body = element('tbody');
  const note = element('p', { class: 'empty' }, empty);
  const table = element(
    'table',
    null,
    element('caption', { class: 'hidden' }, caption),
    element('thead', null, head),
    body,
  );
  // What scrolls must be reachable by keyboard, which not every browser arranges by itself.
  const root = element('div', { class: 'scroll', role: 'region', 'aria-label': caption, tabindex: 0 }, table, note);

  /** @param {readonly Row[]} rows */
  function update(rows) {
    syncChildren(
      body,
      rows,
      keyOf,
      () => newRow(columns),
      (line, row) => {
        for (const [index, column] of columns.entries()) {
          const cell = /** @type {HTMLElement} */ (line.children[index]);
          if (column.render) column.render(cell, row);
          else setText(cell, column.text(row));
        }
      },
    );
    note.hidden = rows.length > 0;
  }

  /** @param {string} by @param {boolean} descending */
  function showSort(by, descending) {
    for (const [index, column] of columns.entries()) {
      if (column.sort === undefined) continue;
      const order = column.sort !== by ? 'none' : descending ? 'descending' : 'ascending';
      head.children[index].setAttribute('aria-sort', order);
    }
  }

  note.hidden = true;
  return { root, update, showSort };
}

function headerCell(column, onSort) {
  const cell = element('th', { scope: 'col', class: column.number ? 'number' : null, title: column.hint ?? null });
  if (column.sort === undefined) {
    cell.textContent = column.name;
    return cell;
  }
  const button = element('button', { type: 'button', class: 'sort' }, column.name);
  button.addEventListener('click', () => onSort(column.sort));
  cell.append(button);
  return cell;
}

function newRow(columns) {
  return element('tr', null, ...columns.map((column) => element('td', { class: column.number ? 'number' : null })));
}

/** A text with a colour of its own meaning; the text says it too. @param {HTMLElement} cell @param {string} text @param {string} tone */
export function badge(cell, text, tone) {
  let mark = cell.firstElementChild;
  if (mark === null) {
    mark = element('span');
    cell.append(mark);
  }
  setText(mark, text);
  mark.className = `badge ${tone}`;
}

/** An id cut short, whole when one points at it, copied by a click. @param {HTMLElement} cell @param {string} id @param {string} shown */
export function idCell(cell, id, shown) {
  let code = cell.firstElementChild;
  if (code === null) {
    code = element('code');
    cell.append(code);
  }
  setText(code, shown);
  code.title = id;
}

/** A bar behind a number, 0 to 1. @param {HTMLElement} cell @param {string} text @param {number} fraction */
export function barCell(cell, text, fraction) {
  if (cell.firstElementChild === null) {
    cell.append(element('span', { class: 'bar', 'aria-hidden': 'true' }, element('span')), element('span'));
    cell.classList.add('barred');
  }
  cell.firstElementChild.firstElementChild.style.width = `${Math.min(100, Math.max(0, fraction * 100))}%`;
  setText(cell.lastElementChild, text);
}
