/** What every ledger must do, whatever it is made of. */
import type { ExecutionContext, TestFn } from 'ava';
import type { Anchor, AnchorLedger } from '../../../runtime/anchors/ledger.js';

export const CHAIN = { chainId: 'test', genesisHash: '11'.repeat(32) };

export function anchorOf(height: number, change: Partial<Anchor> = {}): Anchor {
  const hex = (text: string) => Buffer.from(`${text} ${height}`.padEnd(32, '.')).toString('hex');
  return { ...CHAIN, height, hash: hex('block'), stateRoot: hex('state'), ...change };
}

/** `open` gives the same ledger each time, as a node that was started again would. */
export function ledgerCompliance(
  test: TestFn,
  name: string,
  make: () => Promise<{ open(chain?: typeof CHAIN): AnchorLedger; close?(): Promise<void> }>,
): void {
  const run = (
    title: string,
    body: (open: (chain?: typeof CHAIN) => AnchorLedger, t: ExecutionContext) => Promise<void>,
  ) =>
    test(`${name}: ${title}`, async (t) => {
      t.timeout(60_000);
      const { open, close } = await make();
      await body(open, t);
      await close?.();
    });

  run('an empty ledger holds nothing', async (open, t) => {
    t.deepEqual(await open().read(), []);
  });

  run('what was written is read again, lowest first, with the reference it was given', async (open, t) => {
    const references = new Map<number, string>();
    for (const height of [200, 100, 300]) references.set(height, await open().write(anchorOf(height)));
    t.is(new Set(references.values()).size, 3);
    for (const reference of references.values()) t.regex(reference, /^[\x21-\x7e]{1,128}$/, 'a record can carry it');
    t.deepEqual(
      await open().read(),
      [100, 200, 300].map((height) => ({ ...anchorOf(height), reference: references.get(height) })),
    );
  });

  run('writing what is there already changes nothing and gives its reference', async (open, t) => {
    const reference = await open().write(anchorOf(100));
    t.is(await open().write(anchorOf(100)), reference);
    t.is((await open().read()).length, 1);
  });

  run('another block of a height that is there is refused', async (open, t) => {
    await open().write(anchorOf(100));
    const error = await t.throwsAsync(open().write(anchorOf(100, { hash: 'ab'.repeat(32) })));
    t.is((error as { code?: string }).code, 'anchor-contradicted');
    t.is((await open().read())[0]?.hash, anchorOf(100).hash);
  });

  run('anchors of another chain are nobody’s business', async (open, t) => {
    const other = { chainId: 'other', genesisHash: CHAIN.genesisHash };
    const sameName = { chainId: CHAIN.chainId, genesisHash: '22'.repeat(32) };
    await open(other).write(anchorOf(100, other));
    t.deepEqual(await open().read(), []);
    await open().write(anchorOf(200));
    t.deepEqual(
      (await open().read()).map(({ height }) => height),
      [200],
    );
    t.deepEqual(await open(sameName).read(), []);
  });

  run('two writes at once both arrive', async (open, t) => {
    const ledger = open();
    await Promise.all([ledger.write(anchorOf(100)), ledger.write(anchorOf(200))]);
    t.is((await open().read()).length, 2);
  });
}
