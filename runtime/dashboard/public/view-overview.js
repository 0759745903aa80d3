// The first look: is anything wrong, how good is it by now, what is on its way.
import { convergencePlot } from './convergence.js';
import { element, panel, setText, syncChildren, tiles } from './dom.js';
import { eventsPanel } from './feed.js';
import { lifeLine } from './life.js';
import { getJson } from './net.js';
import { agoText, besideText, coinsText, countText, durationText, performanceText, plural, short } from './text.js';

const POINTS = 600;
const LIVES = 5;

export function overviewView() {
  const alerts = alertsPanel();
  const facts = tiles();
  const factsPanel = panel('Node');
  factsPanel.body.append(facts.root);
  const domains = domainsPanel();
  const lives = livesPanel();
  const events = eventsPanel();
  return {
    panels: [
      alerts.root,
      factsPanel.root,
      domains.root,
      element('div', { class: 'columns wide-first' }, lives.root, events.root),
    ],
    async update({ status, alerts: list, events: happened }) {
      alerts.update(list);
      facts.update(factsOf(status));
      events.update(happened);
      await Promise.all([domains.update(status), lives.update()]);
    },
    close: domains.close,
  };
}

function factsOf(status) {
  const { optimae } = status;
  const waiting = optimae.revealed - optimae.accepted - optimae.rejected;
  const lag = status.chain_height - status.finalized_height;
  const fraction = status.threshold === 0 ? 0 : status.pending_work / status.threshold;
  return [
    {
      name: 'Chain height',
      value: countText(status.chain_height),
      note: `final to ${countText(status.finalized_height)}, ${lag} behind`,
    },
    {
      name: 'Accepted optimae',
      value: countText(optimae.accepted),
      note: `${optimae.rejected} rejected, ${Math.max(0, waiting)} on their way`,
    },
    {
      name: 'Proof blocks',
      value: countText(status.proof_blocks),
      note: `next at ${Math.round(fraction * 100)} % of the work`,
      meter: fraction,
    },
    {
      name: 'Peers',
      value: countText(status.peers),
      note: status.peers === 0 ? 'alone' : `up for ${durationText(status.uptime_s * 1000)}`,
    },
    { name: 'Reputation', value: status.reputation.toFixed(2), note: 'of this node' },
    { name: 'Balance', value: coinsText(status.balance), note: 'coins' },
  ];
}

function alertsPanel() {
  const { root, body } = panel('Alerts');
  const calm = element('p', { class: 'calm' }, 'Nothing needs attention.');
  const list = element('ul', { class: 'alerts', 'aria-live': 'polite' });
  body.append(calm, list);
  const update = (alerts) => {
    calm.hidden = alerts.length > 0;
    list.hidden = alerts.length === 0;
    syncChildren(
      list,
      alerts.slice(0, 20),
      ({ key }) => key,
      ({ severity, view }) =>
        element(
          'li',
          { class: severity },
          element('strong', null, severity),
          element('a', { href: `#${view}` }),
          element('time'),
        ),
      (item, { text, timestampMs }) => {
        setText(item.children[1], text);
        setText(item.children[2], timestampMs === null ? '' : agoText(timestampMs));
      },
    );
  };
  return { root, update };
}

/** A domain is shown when this node works on it, or when there is something to see of what others found. */
export const isShown = (domain) => domain.optimize || domain.evaluate || domain.accepted > 0;

function domainsPanel() {
  const { root, body } = panel('Best performance');
  const cards = element('div', { class: 'cards' });
  body.append(cards);
  /** @type {Map<string, { card: HTMLElement, plot: any, facts: any, title: HTMLElement }>} */
  const known = new Map();
  const make = (domain) => {
    const plot = convergencePlot({ height: 230 });
    const facts = tiles();
    const link = element('a', { href: `#search/${encodeURIComponent(domain.domain_id)}` }, domain.domain_id);
    const title = element('h3', null, link, element('small', null, `${domain.metric}, ${domain.direction}`));
    const card = element('article', { class: 'card' }, title, facts.root, plot.root);
    known.set(domain.domain_id, { card, plot, facts, title });
    return card;
  };
  return {
    root,
    async update({ domains }) {
      const shown = domains.filter(isShown);
      syncChildren(
        cards,
        shown,
        ({ domain_id: id }) => id,
        make,
        () => undefined,
      );
      await Promise.all(
        shown.map(async (domain) => {
          const { plot, facts } = known.get(domain.domain_id);
          facts.update(domainFacts(domain));
          plot.update(await getJson('/api/convergence', { domain_id: domain.domain_id, points: POINTS }), {
            domain,
            axis: 'time',
            whole: false,
          });
        }),
      );
    },
    close: () => {
      for (const { plot } of known.values()) plot.close();
    },
  };
}

export function domainFacts(domain) {
  const { local } = domain;
  const target = domain.target_performance;
  return [
    {
      name: 'Verified best',
      value: performanceText(domain.best_performance),
      note: domain.champion === null ? 'no champion yet' : `champion ${short(domain.champion)}`,
      tone: 'verified',
    },
    {
      name: 'Best measured here',
      value: performanceText(local?.best_performance),
      note: local === null ? 'not searching here' : `${plural(local.rounds, 'round')}, ${local.state}`,
      tone: 'claimed',
    },
    {
      name: 'Held-out',
      value: performanceText(local?.benchmark_performance),
      note: besideText(local?.benchmark_beside),
    },
    {
      name: 'Baseline',
      value: performanceText(domain.baseline),
      note: target === null ? 'no target' : `target ${performanceText(target)}`,
    },
  ];
}

function livesPanel() {
  const { root, body, tools } = panel('Newest optimae');
  tools.append(element('a', { href: '#verification' }, 'All optimae'));
  const list = element('ul', { class: 'lives' });
  const empty = element(
    'p',
    { class: 'empty' },
    'No optimum yet: the first comes when a trial beats the best of the chain',
  );
  body.append(list, empty);
  const lines = new Map();
  return {
    root,
    async update() {
      const { optimae } = await getJson('/api/optimae', { limit: LIVES });
      empty.hidden = optimae.length > 0;
      syncChildren(
        list,
        optimae,
        ({ optimum }) => optimum,
        (optimum) => {
          const line = lifeLine();
          lines.set(optimum.optimum, line);
          return element(
            'li',
            null,
            element(
              'p',
              null,
              element('code', null, short(optimum.optimum)),
              ` ${optimum.domain_id} `,
              element('span'),
            ),
            line.root,
          );
        },
        (item, optimum) => {
          setText(item.querySelector('span'), claimText(optimum));
          lines.get(optimum.optimum).update(optimum);
        },
      );
    },
  };
}

export function claimText({ reported, verified, verdict }) {
  if (reported === null) return verdict === 'expired' ? 'never revealed' : 'not revealed yet';
  return verified === null
    ? `claims ${performanceText(reported)}`
    : `claims ${performanceText(reported)}, measured ${performanceText(verified)}`;
}
