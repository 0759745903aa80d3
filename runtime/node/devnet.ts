/** Prepares the folders of a devnet: keys, one genesis that founds the network with all of them, a config each. */
import { mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { type Genesis, LOCAL_PARAMETERS } from '../../actors/chain/genesis.js';
import { readGenesis, writeGenesis } from '../../config/network.js';
import type { DevnetMember } from '../cli/node-port.js';
import type { KeyPair } from '../crypto/ed25519.js';
import { loadOrCreateIdentity } from '../crypto/keys.js';
import { peerIdOf } from '../crypto/peer-id.js';
import { DoinError } from '../errors.js';
import { builtInDomains } from './domains.js';
import { FOUNDER_REPUTATION_MICRO } from './network.js';

/** What differs between the nodes of a test network; by default all are full nodes on `digits`. */
export interface DevnetNodeOptions {
  readonly role?: 'full' | 'optimizer' | 'evaluator' | 'relay';
}

/** Used again, a folder goes on with the same keys and chain. */
export async function createDevnet(options: {
  readonly nodes: number;
  readonly dataDir: string;
  readonly members?: readonly DevnetNodeOptions[];
}): Promise<readonly DevnetMember[]> {
  const dataDir = resolve(options.dataDir);
  await mkdir(dataDir, { recursive: true });
  await checkSize(dataDir, options.nodes);
  const keys: KeyPair[] = [];
  for (let index = 0; index < options.nodes; index += 1) {
    keys.push(await loadOrCreateIdentity(join(folderOf(dataDir, index), 'identity.json')));
  }
  const roles = keys.map((_, index) => options.members?.[index]?.role ?? 'full');
  const network = join(dataDir, 'network.json');
  if (await isFile(network)) await readGenesis(network);
  else await writeGenesis(network, foundDevnet(keys, roles, Date.now()));

  const bootstrapPort = await freePort();
  const bootstrap = `/ip4/127.0.0.1/tcp/${bootstrapPort}/p2p/${peerIdOf(keys[0]?.publicKey ?? '')}`;
  const threads = Math.max(1, Math.trunc(availableParallelism() / options.nodes));
  return Promise.all(
    keys.map(async (_, index) => {
      const folder = folderOf(dataDir, index);
      const config = {
        node_label: `node-${index + 1}`,
        data_dir: folder,
        network,
        role: roles[index],
        port: 0,
        p2p: { listen: [`/ip4/127.0.0.1/tcp/${index === 0 ? bootstrapPort : 0}`], mdns: false },
        bootstrap_peers: index === 0 ? [] : [bootstrap],
        workers: { threads },
        log_level: 'warn',
      };
      const configFile = join(folder, 'config.json');
      await writeFile(configFile, `${JSON.stringify(config, null, 2)}\n`);
      return { configFile, dataDir: folder };
    }),
  );
}

function folderOf(dataDir: string, index: number): string {
  return join(dataDir, `node-${index + 1}`);
}

function foundDevnet(keys: readonly KeyPair[], roles: readonly string[], nowMs: number): Genesis {
  const domains = builtInDomains.map((domain) => domain.domainId).sort();
  return {
    chainId: `devnet-${keys[0]?.publicKey.slice(0, 8) ?? 'empty'}`,
    timestampMs: nowMs,
    solo: keys.length === 1,
    parameters: LOCAL_PARAMETERS,
    domains: builtInDomains,
    members: keys.map((key, index) => ({
      nodeId: key.publicKey,
      reputationMicro: FOUNDER_REPUTATION_MICRO,
      evaluates: roles[index] === 'full' || roles[index] === 'evaluator' ? domains : [],
    })),
  };
}

/** A network founded by other keys cannot be joined by simply adding a folder. */
async function checkSize(dataDir: string, nodes: number): Promise<void> {
  const existing = (await readdir(dataDir)).filter((name) => /^node-\d+$/.test(name)).length;
  if (existing === 0 || existing === nodes) return;
  throw new DoinError(
    { code: 'config-invalid', field: '--nodes', value: nodes },
    `--nodes = ${nodes}: ${dataDir} holds a network of ${existing} nodes; use --nodes ${existing}, or another --data-dir`,
  );
}

function isFile(file: string): Promise<boolean> {
  return stat(file).then(
    (found) => found.isFile(),
    () => false,
  );
}

/** Peers must know the first node's port before it runs, so one is chosen now. */
function freePort(): Promise<number> {
  return new Promise((resolvePort, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        typeof address === 'object' && address !== null ? resolvePort(address.port) : reject(new Error('no port')),
      );
    });
  });
}
