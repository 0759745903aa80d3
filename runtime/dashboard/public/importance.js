// Which parameters matter: two plain rank statistics over a sample, said with what they are and what they are not.
import { element, panel } from './dom.js';
import { importance, MIN_TRIALS } from './statistics.js';
import { barCell, createTable } from './table.js';
import { percentText, plural } from './text.js';

const HINT =
  'Alone: share of the variance of the performance’s ranks that a parameter explains by itself, over eighths of its values (adjusted η²). Interactions are not in it. Direction: Spearman’s rank correlation. A search tries good regions more often, so read both as a hint and not as a cause.';

export function importancePanel() {
  const { root, body } = panel('Parameter importance', HINT);
  const note = element('p', { class: 'hint' });
  const table = createTable({
    caption: 'Parameters by how much of the performance they explain',
    keyOf: ({ name }) => name,
    empty: `From ${MIN_TRIALS} trials on`,
    columns: [
      { name: 'Parameter', text: ({ name }) => name },
      { name: 'Alone', number: true, render: (cell, { effect }) => barCell(cell, percentText(effect), effect) },
      {
        name: 'Direction',
        number: true,
        text: ({ correlation }) =>
          correlation === null ? '–' : `${correlation > 0 ? '+' : '−'}${Math.abs(correlation).toFixed(2)}`,
      },
    ],
  });
  body.append(table.root, note);
  return {
    root,
    update({ trials, total }) {
      table.update(importance(trials));
      note.textContent = `From ${plural(trials.length, 'trial')}${trials.length < total ? ', evenly spread over all' : ''}.`;
    },
  };
}
