// The table of trials. The node filters, sorts and cuts it, so that it is the same work for a hundred thousand.
import { element, panel } from './dom.js';
import { getJson } from './net.js';
import { badge, barCell, createTable } from './table.js';
import { clockText, countText, durationText, performanceText, valueText } from './text.js';

const PAGE = 25;

export function trialsPanel() {
  const { root, body } = panel('Trials');
  const form = filters();
  let columns = '';
  let table = null;
  let domain = null;
  let offset = 0;
  let sort = 'round';
  let descending = true;
  const place = element('div');
  const pager = pagerOf((step) => {
    offset = Math.max(0, offset + step * PAGE);
    void load();
  });
  body.append(form.root, place, pager.root);
  form.onChange(() => {
    offset = 0;
    void load();
  });

  /** The columns follow the domain's parameters, which the first trial tells. */
  function rebuild(names) {
    if (table !== null && columns === names.join()) return;
    columns = names.join();
    form.parameters(names);
    table = createTable({
      caption: 'Trials of this node',
      keyOf: (trial) => `${trial.experiment_id}:${trial.round}`,
      empty: 'No trial fits',
      columns: columnsOf(names, () => domain),
      onSort: (by) => {
        descending = sort === by ? !descending : true;
        sort = by;
        offset = 0;
        void load();
      },
    });
    place.replaceChildren(table.root);
  }

  async function load() {
    const order = descending ? 'descending' : 'ascending';
    const query = { domain_id: domain.domain_id, sort, order, offset, limit: PAGE, ...form.query() };
    const page = await getJson('/api/trials', query);
    const [first] = page.trials;
    if (first !== undefined || table === null) rebuild(Object.keys(first?.parameters ?? {}));
    table.showSort(sort, descending);
    table.update(page.trials);
    pager.show(offset, page.trials.length, page.total);
  }

  return {
    root,
    async update(chosen) {
      if (domain?.domain_id !== chosen.domain_id) offset = 0;
      domain = chosen;
      await load();
    },
  };
}

function columnsOf(names, domainOf) {
  return [
    { name: 'Round', number: true, sort: 'round', text: ({ round }) => countText(round) },
    { name: 'Ended', text: ({ timestamp_ms: at }) => clockText(at) },
    {
      name: 'Performance',
      number: true,
      sort: 'performance',
      render: (cell, trial) => barCell(cell, performanceText(trial.performance), goodness(trial, domainOf())),
    },
    {
      name: '± SE',
      number: true,
      hint: 'Standard error over the samples',
      text: ({ standard_error: error }) => (error === 0 ? '–' : performanceText(error)),
    },
    {
      name: 'Mark',
      render: (cell, trial) =>
        badge(
          cell,
          trial.improvement ? 'improvement' : trial.migrant ? 'migrant' : '',
          trial.improvement ? 'good' : 'quiet',
        ),
    },
    { name: 'Epochs', number: true, text: ({ epochs }) => countText(epochs) },
    { name: 'Took', number: true, text: ({ seconds }) => durationText(seconds * 1000) },
    ...names.map((name) => ({ name, number: true, text: ({ parameters }) => valueText(parameters[name] ?? '–') })),
  ];
}

/** How far from the baseline to the verified best. */
function goodness({ performance }, { baseline, best_performance: best, local }) {
  const top = best ?? local?.best_performance ?? performance;
  return top === baseline ? 0 : (performance - baseline) / (top - baseline);
}

function filters() {
  const improvements = element('input', { type: 'checkbox', name: 'improvements' });
  const migrants = element('input', { type: 'checkbox', name: 'migrants' });
  const from = element('input', {
    type: 'number',
    step: 'any',
    name: 'from',
    'aria-label': 'Performance from',
    placeholder: 'from',
  });
  const to = element('input', {
    type: 'number',
    step: 'any',
    name: 'to',
    'aria-label': 'Performance to',
    placeholder: 'to',
  });
  const parameter = element('select', { name: 'parameter', 'aria-label': 'Parameter' });
  const low = element('input', {
    type: 'number',
    step: 'any',
    name: 'low',
    'aria-label': 'Parameter from',
    placeholder: 'from',
  });
  const high = element('input', {
    type: 'number',
    step: 'any',
    name: 'high',
    'aria-label': 'Parameter to',
    placeholder: 'to',
  });
  const root = element(
    'div',
    { class: 'filters', role: 'group', 'aria-label': 'Filter of the trials' },
    element('label', null, improvements, ' improvements'),
    element('label', null, migrants, ' from other nodes’ champions'),
    element('span', null, 'performance ', from, ' – ', to),
    element('span', null, parameter, ' ', low, ' – ', high),
  );
  return {
    root,
    onChange: (listener) => root.addEventListener('change', listener),
    parameters(names) {
      const kept = parameter.value;
      parameter.replaceChildren(...names.map((name) => element('option', { value: name }, name)));
      if (names.includes(kept)) parameter.value = kept;
    },
    query() {
      const range = `${low.value}..${high.value}`;
      return {
        improvements: improvements.checked,
        migrants: migrants.checked,
        performance: `${from.value}..${to.value}`,
        ...(range !== '..' && parameter.value !== '' && { parameter: parameter.value, parameter_range: range }),
      };
    },
  };
}

function pagerOf(onStep) {
  const button = (text, step) => {
    const made = element('button', { type: 'button' }, text);
    made.addEventListener('click', () => onStep(step));
    return made;
  };
  const previous = button('Previous', -1);
  const next = button('Next', 1);
  const where = element('span', { role: 'status' });
  const root = element('div', { class: 'pager' }, previous, where, next);
  const show = (offset, count, total) => {
    where.textContent =
      total === 0 ? 'none' : `${countText(offset + 1)}–${countText(offset + count)} of ${countText(total)}`;
    previous.disabled = offset === 0;
    next.disabled = offset + count >= total;
  };
  return { root, show };
}
