/** One node of a fleet (fleet.ts): the production actors in a process of their own, driven over IPC. */
import { chain } from '../../actors/chain/messages.js';
import { findStamp, registrationHash } from '../../actors/chain/stamp.js';
import { gossip } from '../../actors/gossip/messages.js';
import { loadConfig } from '../../config/load.js';
import { loadOrCreateIdentity } from '../../runtime/crypto/keys.js';
import { actorSpecs, STOP_ORDER } from '../../runtime/node/actors.js';
import { resolveGenesis } from '../../runtime/node/network.js';
import { loadOwnDomains } from '../../runtime/node/own-domains.js';
import { ActorSystem } from '../../runtime/system/system.js';
import type { FleetAnswer, FleetQuestion } from './fleet.js';

const { config } = loadConfig({ file: process.argv[2] ?? '' });
const keyPair = await loadOrCreateIdentity(config.identity_file);
const own = await loadOwnDomains(config);
const genesis = await resolveGenesis(config, own, keyPair.publicKey, Date.now());
const paced = new URL('./paced-pool.js', import.meta.url).href;
const system = await ActorSystem.start({
  actors: actorSpecs(config, genesis, keyPair, [], own).map((spec) =>
    spec.role === 'task-queue' ? { ...spec, module: paced, exportName: 'pacedTaskQueueActor' } : spec,
  ),
  placement: config.placement,
  logLevel: 'warn',
  preload: new URL('../../runtime/polyfill.js', import.meta.url).href,
  onEscalation: (error) => {
    throw error;
  },
});

/** Of the transaction whose way through the network is timed. */
const stamp = findStamp(
  { about: registrationHash(genesis.chainId, []), sender: keyPair.publicKey },
  genesis.parameters.stake.stampBits,
  { from: 0, count: 2 ** 30 },
);
const wallMs = () => performance.timeOrigin + performance.now();
const say = (answer: FleetAnswer) => process.send?.(answer, () => undefined);

system.on(chain.transactionAccepted, ({ id }) => say({ heard: id, atMs: wallMs() }));
process.on('disconnect', () => process.exit());
process.on('message', async ({ id, ask }: FleetQuestion) => {
  if (ask === 'submit') {
    const atMs = wallMs();
    const body = { type: 'register-evaluator', domains: [], stamp } as const;
    const { transactionId } = await system.ask(chain.submit, { body });
    return say({ id, atMs, transactionId });
  }
  if (ask === 'stop') {
    await system.stop(STOP_ORDER);
    process.exit();
  }
  const [status, network] = await Promise.all([system.ask(chain.getStatus, {}), system.ask(gossip.getPeers, {})]);
  const { accepted, height, hash, finalized } = status;
  const { known, traffic, peers } = network;
  say({ id, atMs: wallMs(), accepted, height, hash, finalized: finalized.height, known, peers: peers.length, traffic });
});
say({ id: 0, atMs: wallMs() });
