// The dashboard: polls the JSON pages, follows /events, draws. No build step and no request to anywhere else.
import uPlot from './vendor/uplot.js';
import { element, eventText, fillTable, fillTiles, hasChart, performanceText, short } from './view.js';

const REFRESH_MS = 2000;
const RECONNECT_MS = 3000;
const MAX_EVENTS = 200;
const CURVE_POINTS = 5000;

const byId = (id) => document.getElementById(id);
const charts = new Map();

async function getJson(path) {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response.json();
}

function colour(name) {
  // Canvas does not resolve light-dark(), so an element's computed colour stands in.
  const probe = element('span');
  probe.style.color = `var(--${name})`;
  document.body.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}

function makeChart(domain) {
  const card = element('article', undefined, 'domain');
  const title = element('h3', `${domain.domain_id} (${domain.metric}, ${domain.direction})`);
  const facts = element('p', '', 'muted');
  const plot = element('div');
  plot.setAttribute('role', 'img');
  card.append(title, facts, plot);
  byId('domains').append(card);
  const axis = { stroke: () => colour('muted'), grid: { stroke: () => colour('line') } };
  const chart = new uPlot(
    {
      width: Math.max(280, plot.clientWidth),
      height: 260,
      scales: { x: { time: true } },
      axes: [axis, { ...axis, size: 70 }],
      series: [
        {},
        { label: 'round', stroke: () => colour('muted'), paths: () => null, points: { show: true, size: 4 } },
        { label: 'best claimed here', stroke: () => colour('claimed'), width: 2, points: { show: false } },
        {
          label: 'verified champion',
          stroke: () => colour('verified'),
          width: 2,
          paths: uPlot.paths.stepped({ align: 1 }),
          points: { show: false },
        },
      ],
    },
    [[], [], [], []],
    plot,
  );
  return { chart, facts, plot, verified: [] };
}

// What the chain confirmed before this page was opened comes from the records of the blocks it shows; from then on
// the event stream adds each acceptance.
function addVerified(domainId, seconds, value) {
  const view = charts.get(domainId);
  if (!view) return;
  if (view.verified.some((point) => point.value === value && point.seconds <= seconds)) return;
  view.verified.push({ seconds, value });
  view.verified.sort((left, right) => left.seconds - right.seconds);
}

function drawChart(view, domain, points, nowSeconds) {
  const best = performanceText(domain.best_performance);
  const held = performanceText(domain.local?.benchmark_performance);
  const search = domain.local ? `${domain.local.state}, ${domain.local.rounds} rounds` : 'not searching here';
  view.facts.textContent = `verified ${best} · baseline ${performanceText(domain.baseline)} · target ${performanceText(domain.target_performance)} · held-out ${held} · ${search} · champion ${short(domain.champion)}`;
  view.plot.setAttribute('aria-label', `Best performance of ${domain.domain_id} over time: verified ${best}`);
  const rounds = points.map((point) => ({ at: point.timestamp_ms / 1000, point }));
  const times = [
    ...new Set([...rounds.map(({ at }) => at), ...view.verified.map(({ seconds }) => seconds), nowSeconds]),
  ];
  times.sort((left, right) => left - right);
  const byTime = new Map(rounds.map(({ at, point }) => [at, point]));
  const verifiedAt = (time) => view.verified.findLast(({ seconds }) => seconds <= time)?.value ?? null;
  view.chart.setData([
    times,
    times.map((time) => byTime.get(time)?.performance ?? null),
    times.map((time) => byTime.get(time)?.best_performance),
    times.map(verifiedAt),
  ]);
}

async function refreshDomains(status) {
  for (const domain of status.domains) {
    const known = charts.get(domain.domain_id);
    if (!known && !hasChart(domain)) continue;
    const view = known ?? makeChart(domain);
    charts.set(domain.domain_id, view);
    if (domain.best_performance !== null) addVerified(domain.domain_id, Date.now() / 1000, domain.best_performance);
    const own = domain.optimize || domain.evaluate;
    const query = new URLSearchParams({ domain_id: domain.domain_id, limit: String(CURVE_POINTS) });
    const { points } = own ? await getJson(`/api/curve?${query}`) : { points: [] };
    drawChart(view, domain, points, Date.now() / 1000);
  }
}

function showStatus(status) {
  byId('label').textContent = status.node_label;
  byId('identity').textContent = `${status.node_id} · ${status.role} · ${status.network} · version ${status.version}`;
  fillTiles(byId('tiles'), [
    ['Height', status.chain_height],
    ['Final', `${status.finalized_height} ${short(status.finalized_hash)}`],
    ['Proof blocks', status.proof_blocks],
    ['Accepted', status.optimae.accepted],
    ['Rejected', status.optimae.rejected],
    ['Peers', status.peers],
    ['Reputation', status.reputation.toFixed(2)],
    ['Balance', status.balance.toFixed(4)],
    ['Pending work', `${status.pending_work.toFixed(3)} of ${status.threshold.toFixed(3)}`],
  ]);
  fillTable(
    byId('actors'),
    ['Actor', 'Thread', 'Mailbox', 'Restarts'],
    status.actors.map((actor) => [actor.name, actor.thread, actor.mailbox_depth, actor.restarts]),
  );
}

function showBlocks({ blocks }) {
  for (const block of blocks) {
    for (const record of block.records) {
      if (record.type !== 'OPTIMAE_ACCEPTED') continue;
      addVerified(record.domain, Date.parse(block.header.timestamp) / 1000, record.verifiedNano / 1e9);
    }
  }
  fillTable(
    byId('blocks'),
    ['Height', 'Hash', 'Time', 'Proposer', 'Transactions', 'Proof', 'What happened'],
    [...blocks]
      .reverse()
      .map((block) => [
        block.header.index,
        short(block.hash),
        new Date(block.header.timestamp).toLocaleTimeString(),
        short(block.header.generator_id),
        block.transactions.length,
        block.proof_block ? 'yes' : '',
        [...new Set(block.records.map((record) => record.type))].join(', '),
      ]),
  );
}

function showQuorums({ quorums }) {
  const rows = quorums.flatMap((quorum) =>
    quorum.seats.map((seat) => [
      short(quorum.optimum),
      quorum.domain_id,
      performanceText(quorum.reported),
      seat.seat,
      short(seat.evaluator),
      seat.status,
      performanceText(seat.performance),
      quorum.verdict,
    ]),
  );
  const header = ['Optimum', 'Domain', 'Claimed', 'Seat', 'Evaluator', 'Vote', 'Measured', 'Verdict'];
  fillTable(byId('quorums'), header, rows);
}

function showPeers({ peers }) {
  fillTable(
    byId('peers'),
    ['Peer', 'Address', 'Direction', 'Latency', 'Height', 'Score'],
    peers.map((peer) => [
      short(peer.peer_id),
      peer.address,
      peer.direction,
      peer.latency_ms === null ? '–' : `${Math.round(peer.latency_ms)} ms`,
      peer.chain_height ?? '–',
      peer.score.toFixed(1),
    ]),
  );
}

/** Each panel stands alone: one that fails says so and the others go on. */
async function refresh() {
  const problems = [];
  const panel = async (path, show) => {
    try {
      await show(await getJson(path));
    } catch (error) {
      problems.push(String(error.message ?? error));
    }
  };
  await panel('/status', async (status) => {
    showStatus(status);
    await panel('/chain/blocks', showBlocks);
    await refreshDomains(status);
  });
  await Promise.all([panel('/api/quorums?limit=20', showQuorums), panel('/peers', showPeers)]);
  const connection = byId('connection');
  const text = problems.length === 0 ? 'live' : `not up to date: ${problems.join('; ')}`;
  if (connection.textContent !== text) connection.textContent = text;
  connection.className = problems.length === 0 ? '' : 'problem';
  setTimeout(refresh, REFRESH_MS);
}

function followEvents() {
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
  const socket = new WebSocket(`${scheme}://${location.host}/events`);
  socket.addEventListener('message', ({ data }) => {
    const event = JSON.parse(data);
    if (event.event === 'optimumAccepted') addVerified(event.domain_id, event.at / 1000, event.verified);
    const text = eventText(event);
    if (text === null) return;
    const list = byId('events');
    list.prepend(element('li', `${new Date(event.at).toLocaleTimeString()} ${text}`));
    while (list.childElementCount > MAX_EVENTS) list.lastElementChild.remove();
  });
  socket.addEventListener('close', () => setTimeout(followEvents, RECONNECT_MS));
}

addEventListener('resize', () => {
  for (const { chart, plot } of charts.values()) chart.setSize({ width: Math.max(280, plot.clientWidth), height: 260 });
});
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
  for (const { chart } of charts.values()) chart.redraw();
});

// Panels that scroll must be reachable by keyboard, which not every browser arranges by itself.
for (const panel of document.querySelectorAll('.scroll, .events')) panel.tabIndex = 0;
for (const panel of document.querySelectorAll('.scroll')) {
  panel.setAttribute('role', 'region');
  panel.setAttribute('aria-label', panel.querySelector('caption').textContent);
}

refresh();
followEvents();
