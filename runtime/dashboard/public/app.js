// Starts the page: one view at a time by the address's fragment, fed by polls and hurried by the node's events.
import { alertsOf } from './alerts.js';
import { themeSwitch } from './colours.js';
import { element, setText } from './dom.js';
import { eventText } from './feed.js';
import { follow, getJson } from './net.js';
import { plural } from './text.js';
import { actorsView } from './view-actors.js';
import { chainView } from './view-chain.js';
import { economyView } from './view-economy.js';
import { overviewView } from './view-overview.js';
import { peersView } from './view-peers.js';
import { searchView } from './view-search.js';
import { verificationView } from './view-verification.js';

const REFRESH_MS = 2000;
/** Events come in bursts: a block brings many. */
const HURRY_MS = 250;
const KEPT_EVENTS = 200;
/** Those that change what is shown; the others wait for the next poll. */
const HURRYING = new Set([
  'blockApplied',
  'blocksReverted',
  'voteJudged',
  'voteChallenged',
  'offence',
  'optimumRejected',
  'peerConnected',
  'peerDisconnected',
]);

/** @type {Record<string, { title: string, open: (context: any) => any }>} */
const VIEWS = {
  overview: { title: 'Overview', open: overviewView },
  search: { title: 'Search', open: searchView },
  verification: { title: 'Verification', open: verificationView },
  chain: { title: 'Chain', open: chainView },
  economy: { title: 'Reputation and coin', open: economyView },
  peers: { title: 'Peers', open: peersView },
  actors: { title: 'Actors', open: actorsView },
};

const byId = (id) => document.getElementById(id);
const main = byId('main');
/** @type {any[]} */
const events = [];
const context = { events, status: null, alerts: [], incidents: [], parameter: '' };
let current = null;
let timer;

for (const [name, { title }] of Object.entries(VIEWS)) {
  byId('views').append(element('li', null, element('a', { href: `#${name}`, 'data-view': name }, title)));
}

function openView() {
  const [name, parameter = ''] = location.hash.slice(1).split('/');
  const known = name in VIEWS ? name : 'overview';
  const first = current === null;
  context.parameter = decodeURIComponent(parameter);
  if (current?.name === known) return refreshSoon(0);
  current?.view.close?.();
  const view = VIEWS[known].open(context);
  current = { name: known, view };
  const title = element('h1', { tabindex: -1, class: 'view-title' }, VIEWS[known].title);
  main.replaceChildren(title, ...view.panels);
  document.title = `${VIEWS[known].title} · DOIN ${context.status?.node_label ?? ''}`;
  for (const link of document.querySelectorAll('#views a')) {
    if (link.dataset.view === known) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  // Who came by a link hears where he is; who just opened the page is not taken from its top.
  if (!first) title.focus();
  refreshSoon(0);
}

function refreshSoon(delayMs) {
  clearTimeout(timer);
  timer = setTimeout(refresh, delayMs);
}

/** A view that cannot be brought up to date says so and keeps what it shows. */
async function refresh() {
  const { view } = current;
  try {
    const [status, { incidents }] = await Promise.all([getJson('/status'), getJson('/api/incidents', { limit: 50 })]);
    Object.assign(context, { status, incidents });
    context.alerts = alertsOf({ status, incidents, nowMs: Date.now() });
    showHeader();
    await view.update?.(context);
    showConnection('live', '');
  } catch (error) {
    showConnection('stale', error instanceof TypeError ? 'the node does not answer' : String(error.message ?? error));
  }
  main.setAttribute('aria-busy', 'false');
  if (view === current.view) refreshSoon(REFRESH_MS);
  else refreshSoon(0);
}

function showHeader() {
  const { status, alerts } = context;
  setText(byId('label'), status.node_label);
  setText(byId('identity'), `${status.network} · ${status.role} · v${status.version}`);
  byId('identity').title = status.node_id;
  const urgent = alerts.filter(({ severity }) => severity !== 'notice').length;
  const bell = byId('alerts-link');
  setText(bell, urgent === 0 ? 'No alerts' : plural(urgent, 'alert'));
  bell.className = urgent === 0 ? 'pill' : 'pill bad';
}

function showConnection(state, problem) {
  const pill = byId('connection');
  setText(pill, state === 'live' ? 'Live' : `Not up to date: ${problem}`);
  pill.className = state === 'live' ? 'pill good' : 'pill bad';
}

themeSwitch(byId('theme'));
addEventListener('hashchange', openView);
openView();

// From what the node remembers on, and after a break from where it ended.
let lastEventId = 0;
follow(
  () => `/events?topics=chain,optimae,quorum,search,peers&after=${lastEventId}`,
  (event) => {
    lastEventId = event.id ?? lastEventId;
    if (eventText(event) === null) return;
    events.unshift(event);
    events.length = Math.min(events.length, KEPT_EVENTS);
    if (HURRYING.has(event.event)) refreshSoon(HURRY_MS);
  },
  (state) => {
    // Back again after a restart of the node: show it at once.
    if (state === 'open') refreshSoon(0);
  },
);
