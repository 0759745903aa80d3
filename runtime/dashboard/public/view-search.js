// One domain's search: how it converges, which parameters matter, every trial.
import { convergencePlot } from './convergence.js';
import { element, panel, tiles } from './dom.js';
import { importancePanel } from './importance.js';
import { getJson } from './net.js';
import { parallelPanel } from './parallel.js';
import { countText } from './text.js';
import { trialsPanel } from './trials.js';
import { domainFacts, isShown } from './view-overview.js';

const POINTS = 1500;
const SAMPLE = 1000;
/** A sample for plots is larger than all else on the page: read again when there is something new, but not at each trial. */
const SAMPLE_EVERY_MS = 15_000;

export function searchView() {
  const choice = element('select', { 'aria-label': 'Domain' });
  const axis = element(
    'select',
    { 'aria-label': 'Horizontal axis' },
    element('option', { value: 'time' }, 'over time'),
    element('option', { value: 'round' }, 'over rounds'),
  );
  const scale = element(
    'select',
    { 'aria-label': 'Vertical axis' },
    element('option', { value: 'focus' }, 'focused'),
    element('option', { value: 'whole' }, 'all values'),
  );
  const { root, body, tools } = panel('Convergence');
  const facts = tiles();
  const plot = convergencePlot({ height: 320 });
  const note = element('p', { class: 'hint' });
  tools.append(choice, axis, scale);
  body.append(facts.root, plot.root, note);
  const trials = trialsPanel();
  const parallel = parallelPanel();
  const importance = importancePanel();
  let domains = [];
  let convergence = null;
  let sampled = { domainId: '', total: -1, atMs: 0 };
  const domain = () => domains.find(({ domain_id: id }) => id === choice.value) ?? domains[0];

  const draw = () => {
    if (convergence !== null && domain())
      plot.update(convergence, { domain: domain(), axis: axis.value, whole: scale.value === 'whole' });
  };
  axis.addEventListener('change', draw);
  scale.addEventListener('change', draw);
  choice.addEventListener('change', () => {
    location.hash = `#search/${encodeURIComponent(choice.value)}`;
  });

  async function update({ status, parameter }) {
    domains = status.domains.filter(isShown);
    showChoices(choice, domains, parameter);
    const chosen = domain();
    if (chosen === undefined) return;
    const id = chosen.domain_id;
    facts.update(domainFacts(chosen));
    convergence = await getJson('/api/convergence', { domain_id: id, points: POINTS });
    const drawn = convergence.trials.length + convergence.improvements.length;
    note.textContent =
      convergence.total > POINTS
        ? `${countText(convergence.total)} trials, of which ${countText(drawn)} are drawn: every n-th, and every improvement.`
        : '';
    draw();
    await trials.update(chosen);
    const due =
      id !== sampled.domainId || (convergence.total !== sampled.total && Date.now() - sampled.atMs > SAMPLE_EVERY_MS);
    if (!due) return;
    sampled = { domainId: id, total: convergence.total, atMs: Date.now() };
    const sample = await getJson('/api/trials/sample', { domain_id: id, limit: SAMPLE });
    parallel.update(sample, chosen);
    importance.update(sample);
  }

  return {
    panels: [root, trials.root, element('div', { class: 'columns wide-first' }, parallel.root, importance.root)],
    update,
    close() {
      plot.close();
      parallel.close();
    },
  };
}

function showChoices(choice, domains, wanted) {
  const ids = domains.map(({ domain_id: id }) => id);
  if ([...choice.options].map(({ value }) => value).join() !== ids.join()) {
    choice.replaceChildren(...ids.map((id) => element('option', { value: id }, id)));
  }
  if (ids.includes(wanted) && choice.value !== wanted) choice.value = wanted;
}
