/** Brings a node up and down: lock, identity, genesis, actors, HTTP; and the same backwards. */

import { gossip } from '../../actors/gossip/messages.js';
import { optimizer } from '../../actors/optimizer/messages.js';
import type { NodeConfig } from '../../config/schema.js';
import type { CliNode, NodeHooks } from '../cli/node-port.js';
import { loadOrCreateIdentity } from '../crypto/keys.js';
import { peerIdOf } from '../crypto/peer-id.js';
import { DoinError } from '../errors.js';
import { type RunningHttp, startHttpServer } from '../http/server.js';
import { createStatusSource } from '../http/source.js';
import { summaryOf } from '../http/status.js';
import { packageVersion } from '../package-info.js';
import { ActorSystem } from '../system/system.js';
import { parseTraceFilter, traceFilterFromDebug } from '../trace/filter.js';
import { actorSpecs, STOP_ORDER } from './actors.js';
import { type DataLock, lockDataDir } from './data-lock.js';
import { resolveGenesis } from './network.js';

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
  const genesis = await resolveGenesis(config, keyPair.publicKey, startedAtMs);
  let fail: (error: DoinError) => void = () => undefined;
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  failed.catch(() => undefined);

  const trace =
    config.trace.length > 0 ? parseTraceFilter(config.trace.join(',')) : traceFilterFromDebug(process.env.DEBUG);
  const system = await ActorSystem.start({
    actors: actorSpecs(config, genesis, keyPair),
    placement: config.placement,
    trace,
    logLevel: config.log_level,
    ...(hooks.onLog !== undefined && { onLog: hooks.onLog }),
    preload: new URL('../polyfill.js', import.meta.url).href,
    onEscalation: (error) => {
      hooks.onEvent?.(`the node cannot go on: ${error.message}`);
      fail(error);
    },
  });
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
    actors: () => system.status().then((actors) => actors.map((actor) => ({ ...actor }))),
  });
  try {
    p2pAddresses = (await system.ask(gossip.getPeers, {})).listening;
    http = await startHttpServer({ host: config.host, port: config.port, source });
  } catch (error) {
    await system.stop(STOP_ORDER);
    throw error;
  }
  return {
    nodeId,
    httpUrl: http.url,
    p2pAddresses,
    system,
    status: () => source.status(),
    pauseOptimizer: () => system.tell(optimizer.pause, {}),
    failed,
    async stop() {
      const summary = await source.status().then(summaryOf, (error: unknown) => error);
      await http.close();
      await system.stop(STOP_ORDER);
      await lock.release();
      if (summary instanceof Error) {
        throw new DoinError({ code: 'no-summary' }, `stopped, but without a summary: ${summary.message}`, {
          cause: summary,
        });
      }
      return summary as ReturnType<typeof summaryOf>;
    },
  };
}
