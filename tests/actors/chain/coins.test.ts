import test from 'ava';
import fc from 'fast-check';
import { nextBaseFeeUnits, placePriceUnits } from '../../../actors/chain/base-fee.js';
import { auditOf, balanceOf, burnLocked, credit, debit, lock, unlock } from '../../../actors/chain/coins.js';
import { Execution } from '../../../actors/chain/execution.js';
import { DEFAULT_PARAMETERS, genesisState } from '../../../actors/chain/genesis.js';
import { split, subsidy } from '../../../actors/chain/proof.js';
import { keyOf, makeGenesis, START_MS } from '../../kit/chain.js';

const genesis = makeGenesis(['ada']);
/** The sums do not depend on it. */
const WHY = { cause: 'transfer' } as const;
const NODES = ['ada', 'bob', 'cid'].map((name) => keyOf(name).publicKey);

function fresh(): Execution {
  const block = { height: 1, timestampMs: START_MS + 1_000, slot: 1, proposer: NODES[0]!, beacon: '00'.repeat(32) };
  return new Execution(genesisState(genesis), genesis, block);
}

test('whatever is paid, locked, given back and burned, every coin stays accounted for and nobody owes', (t) => {
  const call = fc.record({
    kind: fc.constantFrom('mint', 'pay', 'lock', 'unlock', 'burn'),
    from: fc.nat(2),
    to: fc.nat(2),
    units: fc.oneof(fc.nat(100), fc.nat(1_000_000_000)),
  });
  fc.assert(
    fc.property(fc.array(call, { maxLength: 60 }), (calls) => {
      const execution = fresh();
      let locked = 0;
      for (const { kind, from, to, units } of calls) {
        const [payer, payee] = [NODES[from]!, NODES[to]!];
        const before = NODES.map((node) => balanceOf(execution, node));
        if (kind === 'mint') {
          execution.updateGlobals({ supplyUnits: execution.globals().supplyUnits + units });
          credit(execution, payee, units, WHY);
        } else if (kind === 'pay') {
          if (debit(execution, payer, units, WHY) === null) credit(execution, payee, units, WHY);
        } else if (kind === 'lock') {
          if (lock(execution, payer, units, WHY) === null) locked += units;
          else
            t.deepEqual(
              NODES.map((node) => balanceOf(execution, node)),
              before,
              'a refusal takes nothing',
            );
        } else {
          const part = Math.min(units, locked);
          locked -= part;
          if (kind === 'unlock') unlock(execution, payee, part, WHY);
          else burnLocked(execution, part);
        }
        const { mintedUnits, accountedUnits } = auditOf(execution.state);
        t.is(accountedUnits, mintedUnits);
        t.is(execution.globals().lockedUnits, locked);
        t.true(NODES.every((node) => balanceOf(execution, node) >= 0));
      }
    }),
    { numRuns: 60, seed: 1 },
  );
});

test('no rule can move an amount that is none, or give back more than is locked', (t) => {
  const execution = fresh();
  for (const units of [-1, 0.5, Number.NaN, Number.MAX_SAFE_INTEGER + 1]) {
    t.throws(() => credit(execution, NODES[0]!, units, WHY), { instanceOf: RangeError });
    t.throws(() => debit(execution, NODES[0]!, units, WHY), { instanceOf: RangeError });
    t.throws(() => lock(execution, NODES[0]!, units, WHY), { instanceOf: RangeError });
  }
  t.throws(() => unlock(execution, NODES[0]!, 1, WHY), { instanceOf: RangeError });
  t.throws(() => burnLocked(execution, 1), { instanceOf: RangeError });
});

test('over a million proof blocks with fees, tips and burns the coin adds up to the unit, below 21 million', (t) => {
  const { fees, supplyCapUnits } = DEFAULT_PARAMETERS;
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];
  const balances = new Map(names.map((name) => [name, 0]));
  const add = (name: string, units: number) => balances.set(name, balances.get(name)! + units);
  let [supplyUnits, burnedUnits, baseFeeUnits] = [0, 0, fees.minimumBaseUnits];
  let seed = 1;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return (seed >>> 8) % below;
  };
  const broken: number[] = [];
  for (let proofBlocks = 0; proofBlocks < 1_000_000; proofBlocks += 1) {
    const minted = subsidy({ proofBlocks, supplyUnits }, DEFAULT_PARAMETERS);
    supplyUnits += minted;
    const proposer = names[random(6)]!;
    const shares = {
      optimizers: [
        { node: names[random(3)]!, workNano: BigInt(random(1_000_000)) },
        { node: names[3 + random(3)]!, workNano: BigInt(random(7)) },
      ],
      evaluators: names.slice(random(6)).map((node) => ({ node, votes: random(5) })),
    };
    for (const { to, amountUnits } of split(minted, shares, proposer)) add(to, amountUnits);
    baseFeeUnits = nextBaseFeeUnits(baseFeeUnits, random(201), fees);
    const payer = names[random(6)]!;
    const maxUnits = baseFeeUnits + random(100_000);
    const price = placePriceUnits({ maxUnits, tipUnits: random(100_000) }, baseFeeUnits)!;
    if (balances.get(payer)! >= price.burnUnits + price.tipUnits) {
      add(payer, -price.burnUnits - price.tipUnits);
      add(proposer, price.tipUnits);
      burnedUnits += price.burnUnits;
    }
    if (proofBlocks % 10_000 === 0 || proofBlocks > 999_990) {
      const sum = [...balances.values()].reduce((total, units) => total + units, burnedUnits);
      if (sum !== supplyUnits || supplyUnits > supplyCapUnits) broken.push(proofBlocks);
    }
  }
  t.deepEqual(broken, []);
  // 210 000 x (50 + 25 + 12.5 + 6.25) and 160 000 x 3.125 coins.
  t.is(supplyUnits, 2_018_750_000_000_000);
  t.true(burnedUnits > 0);
});
