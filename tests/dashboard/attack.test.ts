/** A lying evaluator, judged by the real rules, on the page. */
import test from 'ava';
import { LOCAL_PARAMETERS } from '../../actors/chain/genesis.js';
import type { BlockApplied } from '../../actors/chain/messages.js';
import { appliedEvent, membersOf } from '../../actors/chain/views.js';
import { QuorumBook } from '../../actors/quorum/book.js';
import { IncidentLog } from '../../actors/reputation/incidents.js';
import { NANO } from '../../runtime/fixed/nano.js';
import { subscribeToNodeEvents } from '../../runtime/http/events.js';
import { createExplore } from '../../runtime/http/explore.js';
import type { AskPort, EventPort } from '../../runtime/http/port.js';
import { startHttpServer } from '../../runtime/http/server.js';
import { sampleSource } from '../http/samples.js';
import { findBrowser, launchBrowser, openPage } from '../kit/browser.js';
import { keyOf, makeGenesis, makeReveal, measuredAs, sign, TestChain } from '../kit/chain.js';
import { type Habit, liveOn } from '../kit/duties.js';

const browserFile = findBrowser();
const withBrowser = browserFile === null ? test.skip : test;
const MEMBERS = ['ada', 'bob', 'cid', 'dan', 'eve', 'fay', 'gus', 'hal', 'ida'];
const TRUTH = -100 * NANO;

/** `ada` claims what is true, and one of her evaluators votes without having measured. */
function chainWithLiar() {
  const genesis = makeGenesis(MEMBERS, { parameters: { challenge: LOCAL_PARAMETERS.challenge } });
  const chain = new TestChain(genesis, MEMBERS);
  const { commit, reveal } = makeReveal(genesis, 'ada', [1, 2], TRUTH);
  chain.addWithNext([sign(genesis, 'ada', 1, commit)]);
  const { records } = chain.addWithNext([sign(genesis, 'ada', 2, reveal)]);
  const seat = records.flatMap((record) => (record.type === 'TASK_CREATED' ? [record.seat] : []))[0]!;
  const liar = chain.names.get(seat.evaluator)!;
  const lie: Habit = ({ kind, seat: own }, honest) =>
    kind === 'vote' && honest.type === 'vote'
      ? { ...honest, measurement: { ...measuredAs(own, TRUTH + 1), performanceNano: TRUTH } }
      : honest;
  const judged = liveOn(chain, { truthNano: () => TRUTH, habits: { [liar]: lie } });
  return { chain, liar: keyOf(liar).publicKey, judged: judged.some(({ type }) => type === 'JUDGED') };
}

/** What the page asks, answered by the actors' own rules over the blocks shown so far. */
class Node {
  readonly #book = new QuorumBook();
  readonly #incidents = new IncidentLog();
  readonly #listeners = new Map<string, (payload: never) => void>();
  readonly port: AskPort & EventPort;

  constructor(chain: TestChain) {
    const answers: Readonly<Record<string, (request: never) => unknown>> = {
      'reputation.getIncidents': ({ limit }: { limit: number }) => ({ incidents: this.#incidents.newest(limit) }),
      'reputation.getTable': () => ({ table: [] }),
      'quorum.getQuorums': ({ limit }: { limit: number }) => ({ quorums: this.#book.newest(limit) }),
      'chain.getMembers': () => ({ members: membersOf(chain.tip.state, chain.genesis) }),
      'chain.getStatus': () => ({ height: 1, finalized: { height: 0 } }),
      'tracker.getTrialSample': () => ({ total: 0, spread: [], improvements: [] }),
      'tracker.getAccepted': () => ({ accepted: [] }),
    };
    this.port = {
      ask: async (reference, request) => answers[reference.name]!(request as never) as never,
      on: (reference, handler) => {
        this.#listeners.set(reference.name, handler as (payload: never) => void);
        return () => this.#listeners.delete(reference.name);
      },
    };
  }

  show(block: BlockApplied): void {
    this.#book.apply(block);
    this.#incidents.apply(block);
    this.#listeners.get('chain.blockApplied')?.(block as never);
  }
}

withBrowser('a lying evaluator is on the page as an alert as soon as the jury has spoken', async (t) => {
  t.timeout(180_000);
  const { chain, liar, judged } = chainWithLiar();
  t.true(judged);
  const node = new Node(chain);
  const source = { ...sampleSource(1), subscribe: (listener: never) => subscribeToNodeEvents(node.port, listener) };
  const http = await startHttpServer({ host: '127.0.0.1', port: 0, source, explore: createExplore(node.port) });
  t.teardown(() => http.close());
  const browser = await launchBrowser(browserFile!);
  t.teardown(() => browser.close());
  const { page, errors } = await openPage(t, browser, http.url);
  await page.locator('#connection.good').waitFor();
  t.is(await page.locator('.alerts .critical').count(), 0);

  let judgedAt = 0;
  for (const [index, block] of chain.blocks.entries()) {
    const { hash, records } = chain.history[index]!;
    if (records.some(({ type }) => type === 'JUDGED')) judgedAt = Date.now();
    node.show(appliedEvent({ block, hash, isProofBlock: false, records }));
  }
  const alert = page.locator('.alerts .critical');
  await alert.first().waitFor();
  t.log(`shown ${Date.now() - judgedAt} ms after the verdict`);
  t.regex((await alert.first().textContent()) ?? '', new RegExp(`Liar caught: ${liar.slice(0, 8)}`));
  await page.evaluate("location.hash = 'verification'");
  await page.locator('.life .bad').getByText('lie proved').waitFor();
  await page.locator('td .badge').getByText('the vote was false').waitFor();
  t.deepEqual(errors, []);
});
