/** Brings a node up and down: lock, identity, genesis, actors, HTTP; and the same backwards. */

import { genesisHash } from '../../actors/chain/genesis.js';
import { gossip } from '../../actors/gossip/messages.js';
import { optimizer } from '../../actors/optimizer/messages.js';
import type { NodeConfig } from '../../config/schema.js';
import type { CliNode, NodeHooks } from '../cli/node-port.js';
import { loadOrCreateIdentity } from '../crypto/keys.js';
import { peerIdOf } from '../crypto/peer-id.js';
import { DoinError, errorMessage } from '../errors.js';
import { createExplore } from '../http/explore.js';
import { type RunningHttp, startHttpServer } from '../http/server.js';
import { createStatusSource } from '../http/source.js';
import { type NodeSummary, summaryOf } from '../http/status.js';
import { loadOrCreateToken, tokenFileOf } from '../http/token.js';
import { packageVersion } from '../package-info.js';
import { ActorSystem } from '../system/system.js';
import { TraceHub } from '../trace/hub.js';
import { actorSpecs, STOP_ORDER } from './actors.js';
import { openAnchors } from './anchors.js';
import { type DataLock, lockDataDir } from './data-lock.js';
import { resolveGenesis } from './network.js';
import { loadOwnDomains } from './own-domains.js';
import { checkSnapshotNetwork, joinFromSnapshot, withCheckpoint } from './snapshot/join.js';
import { storedSummary } from './summary.js';
import { traceOutputs } from './trace.js';
import { watchVotedDomains } from './voted-domains.js';

export async function startNode(config: NodeConfig, hooks: NodeHooks): Promise<CliNode> {
  const lock = await lockDataDir(config.data_dir);
  try {
    return await startLocked(config, hooks, lock);
  } catch (error) {
    await lock.release();
    throw error;
  }
}

async function startLocked(config: NodeConfig, hooks: NodeHooks, lock: DataLock): Promise<CliNode> {
  const startedAtMs = Date.now();
  const keyPair = await loadOrCreateIdentity(config.identity_file);
  const nodeId = peerIdOf(keyPair.publicKey);
  const token = await loadOrCreateToken(tokenFileOf(config.data_dir));
  const own = await loadOwnDomains(config);
  const genesis = await resolveGenesis(config, own, keyPair.publicKey, startedAtMs, (found) =>
    checkSnapshotNetwork(config, found),
  );
  const say = (message: string) => hooks.onEvent?.(message);
  const name = { chainId: genesis.chainId, genesisHash: genesisHash(genesis) };
  const anchors = await openAnchors(config, name, say);
  const pins = withCheckpoint(config, anchors.known);
  await joinFromSnapshot(config, genesis, pins, say);
  const escalation = new Escalation();
  const onTraceError = (message: string) => hooks.onEvent?.(message);
  const traces = new TraceHub((error) => onTraceError(`tracing: ${errorMessage(error)}`));
  const outputs = await traceOutputs(traces, config, hooks.traceFile, onTraceError);
  const system = await ActorSystem.start({
    actors: actorSpecs(config, genesis, keyPair, pins, own),
    placement: config.placement,
    trace: traces.filter,
    onTrace: (record) => traces.publish(record),
    onTraceDropped: (count, thread) => traces.dropped(count, thread),
    logLevel: config.log_level,
    ...(hooks.onLog !== undefined && { onLog: hooks.onLog }),
    preload: new URL('../polyfill.js', import.meta.url).href,
    onEscalation: (error) => escalation.raise(error),
  });
  traces.connect((filter) => system.setTrace(filter));
  let http: RunningHttp;
  let p2pAddresses: readonly string[];
  const source = createStatusSource(system, {
    nodeId,
    nodeLabel: config.node_label,
    version: packageVersion,
    role: config.role,
    startedAtMs,
    p2pAddresses: () => p2pAddresses,
    domains: config.domains,
    olapFile: config.olap_db_path,
    actors: () => system.status(),
    deadLetters: () => ({ total: system.deadLetterCount, letters: system.deadLetters() }),
  });
  try {
    p2pAddresses = (await system.ask(gossip.getPeers, {})).listening;
    http = await startHttpServer({
      host: config.host,
      port: config.port,
      source,
      explore: createExplore(system),
      trace: traces,
      services: { system, token },
      requestsPerMinute: config.requests_per_minute,
    });
  } catch (error) {
    await system.stop(STOP_ORDER);
    await outputs.close();
    throw error;
  }

  const endVoted = watchVotedDomains(system, { config, own, genesis, say });
  const endAnchors = anchors.publish(system, genesis.parameters.anchorInterval, { info: say, warn: say });
  let ending: Promise<void> | null = null;
  const end = () => {
    ending ??= http
      .close()
      .finally(endAnchors)
      .finally(endVoted)
      .finally(() => system.stop(STOP_ORDER))
      .finally(() => outputs.close())
      .finally(() => lock.release());
    return ending;
  };
  return {
    nodeId,
    httpUrl: http.url,
    p2pAddresses,
    system,
    status: () => source.status(),
    pauseOptimizer: () => system.tell(optimizer.pause, {}),
    failed: failedNode(escalation, end, hooks),
    async stop() {
      const summary = await source.status().then(summaryOf, (error: unknown) => error);
      await end();
      if (summary instanceof Error) {
        throw new DoinError({ code: 'no-summary' }, `stopped, but without a summary: ${summary.message}`, {
          cause: summary,
        });
      }
      return storedSummary(summary as NodeSummary, config.data_dir, genesis);
    },
  };
}

/** The first reason why the actors cannot go on; it may come before anybody could act on it. */
class Escalation {
  raise: (error: DoinError) => void = () => undefined;
  readonly raised = new Promise<DoinError>((resolve) => {
    this.raise = resolve;
  });
}

/** Rejects with the reason, after an orderly end: whoever hears of it may start the node again at once. */
function failedNode({ raised }: Escalation, end: () => Promise<void>, hooks: NodeHooks): Promise<never> {
  const failed = raised.then(async (error): Promise<never> => {
    hooks.onEvent?.(`the node cannot go on: ${error.message}`);
    await end().catch((problem: unknown) => hooks.onEvent?.(`and did not end cleanly: ${errorMessage(problem)}`));
    throw error;
  });
  // Nobody has to listen, and after an orderly stop nobody does.
  failed.catch(() => undefined);
  return failed;
}
