/** The anchors of a node: its ledgers by its config, read before it follows a chain, written while it runs. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ANCHOR_DEPTH } from '../../actors/chain/anchors.js';
import { chain } from '../../actors/chain/messages.js';
import type { AnchorConfig, NodeConfig } from '../../config/schema.js';
import { addressOf } from '../anchors/ethereum.js';
import { EthereumLedger, privateKeyFrom } from '../anchors/ethereum-ledger.js';
import { FileLedger } from '../anchors/file-ledger.js';
import { GitLedger } from '../anchors/git-ledger.js';
import { type KnownAnchor, readAnchors } from '../anchors/known.js';
import type { Anchor, AnchorLedger } from '../anchors/ledger.js';
import { AnchorNotes } from '../anchors/notes.js';
import { type AnchoredChain, AnchorPublisher } from '../anchors/publisher.js';
import { toUtf8 } from '../codec/bytes.js';
import { hash } from '../crypto/hash.js';
import { DoinError, errorMessage } from '../errors.js';
import type { AskPort, EventPort } from '../http/port.js';
import { JsonStateFile } from '../storage/state-file.js';

export type ChainName = Pick<Anchor, 'chainId' | 'genesisHash'>;

/** A node whose head is older is behind: the blocks that it passes on the way were anchored in their time. */
const CATCHING_UP_MS = 3_600_000;

export interface NodeAnchors {
  readonly known: readonly KnownAnchor[];
  /** Starts writing every so-many-th block of this system's chain into the ledgers; what it returns ends that. */
  publish(
    system: AskPort & EventPort,
    interval: number,
    log: { info(text: string): void; warn(text: string): void },
  ): () => Promise<void>;
}

export async function openAnchors(
  config: Pick<NodeConfig, 'data_dir' | 'anchors'>,
  name: ChainName,
  warn: (message: string) => void,
): Promise<NodeAnchors> {
  const notes = await AnchorNotes.open(new JsonStateFile(join(config.data_dir, 'anchors.json')));
  const ledgers = config.anchors.map((anchor, index) => ({
    anchor,
    ledger: ledgerOf(anchor, index, { dataDir: config.data_dir, name, notes }),
  }));
  const known = await readAnchors(
    ledgers.map(({ ledger }) => ledger),
    notes,
    warn,
  );
  const written = ledgers.filter(({ anchor }) => anchor.publish).map(({ ledger }) => ledger);
  return {
    known,
    publish(system, interval, log) {
      const modules = { chain: anchoredChain(system, name), ledgers: written, notes, log, after };
      const publisher = new AnchorPublisher(modules, interval);
      publisher.start();
      return () => publisher.stop();
    },
  };
}

interface LedgerSurroundings {
  readonly dataDir: string;
  readonly name: ChainName;
  readonly notes: AnchorNotes;
}

function ledgerOf(config: AnchorConfig, index: number, { dataDir, name, notes }: LedgerSurroundings): AnchorLedger {
  switch (config.ledger) {
    case 'file':
      return new FileLedger(config.path, name);
    case 'git': {
      const { repository, branch } = config;
      const copy = join(
        dataDir,
        `anchors-${hash('doin/config', [toUtf8(repository), toUtf8(branch)]).slice(0, 16)}.git`,
      );
      return new GitLedger({ repository, branch, copy }, name);
    }
    case 'ethereum': {
      const { rpc_url: rpcUrl, private_key_file: keyFile, transaction } = config;
      const privateKey = keyFile === '' ? null : readPrivateKey(keyFile, `anchors[${index}].private_key_file`);
      const address = config.address === '' && privateKey !== null ? addressOf(privateKey) : config.address;
      const known = transaction === '' ? null : transaction;
      const newest = (): string | null => notes.last(ledger)?.reference ?? known;
      const ledger = new EthereumLedger({ rpcUrl, address, privateKey, newest }, name);
      return ledger;
    }
  }
}

function readPrivateKey(file: string, field: string): Uint8Array {
  const fix = 'name a file with the 64 hexadecimal digits of a private key, as wallets export it';
  const wrong = (problem: string): DoinError =>
    new DoinError(
      { code: 'config-invalid', field, value: file },
      `${field} = ${JSON.stringify(file)}: ${problem}; ${fix}`,
    );
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw wrong(`cannot be read (${errorMessage(error)})`);
  }
  const key = privateKeyFrom(text);
  if (key === null) throw wrong('holds no private key');
  return key;
}

function after(delayMs: number, work: () => void): () => void {
  const timer = setTimeout(work, delayMs);
  return () => clearTimeout(timer);
}

function anchoredChain(system: AskPort & EventPort, name: ChainName): AnchoredChain {
  return {
    onBlock: (listener) => system.on(chain.blockApplied, listener),
    async settledHeight() {
      const { height, finalized, timestampMs } = await system.ask(chain.getStatus, {});
      return Date.now() - timestampMs > CATCHING_UP_MS ? 0 : Math.min(finalized.height, height - ANCHOR_DEPTH);
    },
    async anchorAt(height) {
      const { view } = await system.ask(chain.getBlockView, { height });
      return view === null ? null : { ...name, height, hash: view.hash, stateRoot: view.block.header.stateRoot };
    },
    async pin({ height, hash: block }, ledger) {
      await system.ask(chain.pin, { pinned: { height, hash: block, ledger } });
    },
    async record({ height, hash: block }, ledger, reference) {
      const body = { type: 'anchor-record', height, hash: block, ledger, reference } as const;
      // Nothing depends on it: a node that is no member, or another of whose anchors says the same, tells nobody.
      await system.ask(chain.submit, { body }).catch(() => undefined);
    },
  };
}
