/**
 * A chain that is the same wherever and whenever it is made: from a seed, with every type of transaction there is. Its
 * state root is pinned in `tests/golden/chain.json`, so that a change of the rules cannot go unnoticed.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LOCAL_PARAMETERS } from '../../actors/chain/genesis.js';
import { trustingVerifier } from '../../actors/chain/verifier.js';
import { packageRoot } from '../../runtime/package-info.js';
import { SimulationRandom } from '../../runtime/system/simulation/random.js';
import { makeGenesis, TestChain } from './chain.js';
import { KINDS, RandomLife } from './random-life.js';

export const GOLDEN_BLOCKS = 2_000;
export const GOLDEN_FILE = join(packageRoot, 'tests', 'golden', 'chain.json');
const MEMBERS = ['ada', 'bob', 'cid', 'dan', 'eve', 'flo', 'gus', 'hal'];

export interface Golden {
  readonly blocks: number;
  readonly tipHash: string;
  readonly stateRoot: string;
  /** How many transactions of each type are in the chain. */
  readonly transactions: Readonly<Record<string, number>>;
}

export function readGolden(): Golden {
  return JSON.parse(readFileSync(GOLDEN_FILE, 'utf8')) as Golden;
}

export function makeGoldenChain(blocks = GOLDEN_BLOCKS): TestChain {
  // Short waits, so that every kind of ending is in it; `LOCAL_PARAMETERS` for all else.
  const challenge = { ...LOCAL_PARAMETERS.challenge, windowBlocks: 2, auditLargeNano: 500_000_000, banBlocks: 5 };
  const parameters = { anchorInterval: 50, seatDeadlineBlocks: 4, halvingProofBlocks: 50, challenge };
  const chain = new TestChain(makeGenesis(MEMBERS, { parameters }), MEMBERS, trustingVerifier);
  const life = new RandomLife(chain);
  const random = new SimulationRandom('golden');
  const below = (limit: number) => random.uint32() % limit;
  while (chain.blocks.length < blocks) {
    const actions = Array.from({ length: below(6) }, () => ({
      kind: KINDS[below(KINDS.length)] ?? 'commit',
      who: below(1_000),
      amount: below(1_000_000),
    }));
    life.run([{ actions, skipSlots: below(12) === 0 ? below(200) : 0 }]);
  }
  return chain;
}

export function goldenOf(chain: TestChain): Golden {
  const transactions: Record<string, number> = {};
  for (const { body } of chain.blocks.flatMap((block) => block.transactions)) {
    transactions[body.type] = (transactions[body.type] ?? 0) + 1;
  }
  return {
    blocks: chain.blocks.length,
    tipHash: chain.tip.hash,
    stateRoot: chain.tip.state.root(),
    transactions: Object.fromEntries(Object.entries(transactions).sort()),
  };
}
