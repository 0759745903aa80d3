import test from 'ava';
import { domainHash } from '../../../actors/chain/genesis.js';
import type { BlockApplied, DomainDetail } from '../../../actors/chain/messages.js';
import { loadConfig } from '../../../config/load.js';
import { quadraticSpec } from '../../../gpu-workers/domains/quadratic/spec.js';
import type { DomainSpec } from '../../../gpu-workers/types.js';
import type { AskPort, EventPort } from '../../../runtime/http/port.js';
import { watchVotedDomains } from '../../../runtime/node/voted-domains.js';
import { makeGenesis } from '../../kit/chain.js';
import { eventually } from '../../kit/context.js';

const genesis = makeGenesis(['ada']);
const spec = (domainId: string): DomainSpec => ({ ...quadraticSpec(3), domainId, module: 'their-module' });
const detail = (of: DomainSpec): DomainDetail => ({
  spec: of,
  specHash: domainHash(of),
  dataHash: 'ab'.repeat(32),
  weightNano: 1,
  shareNano: 1,
  burnedUnits: 0,
});

/** A chain that has these domains besides those of its genesis, and what the owner of a node on it is told. */
async function told(domains: readonly DomainSpec[], mine: readonly DomainSpec[]) {
  let apply: (block: BlockApplied) => void = () => undefined;
  const port: AskPort & EventPort = {
    ask: async () => ({ domains: [...genesis.domains, ...domains].map(detail), proposals: [] }) as never,
    on: (_reference, handler) => {
      apply = handler as never;
      return () => undefined;
    },
  };
  const said: string[] = [];
  const { config } = loadConfig({ overrides: { domain_ids: mine.map(({ domainId }) => domainId) } });
  const own = new Map(mine.map((one) => [one.domainId, { spec: one, local: one }]));
  watchVotedDomains(port, { config, own, genesis, say: (line) => said.push(line) });
  const wait = (lines: number) => eventually(() => said.length >= lines, `${lines} lines`);
  return {
    said,
    wait,
    activate: (domain: string) =>
      apply({ records: [{ type: 'DOMAIN', domain, specHash: '', status: 'active' }] } as never),
  };
}

test('a domain without a local definition is named with what to do, and its module is not taken as one', async (t) => {
  const { said, wait, activate } = await told([spec('sphere')], []);
  await wait(1);
  t.regex(
    said[0] ?? '',
    /"sphere" was voted in; this node leaves it alone.*"their-module".*\{"domain_id":"sphere","definition":"FILE"\}/,
  );
  activate('sphere');
  await wait(2);
  t.is(said[1], said[0]);
});

test('a domain that is defined to the same hash is worked on; another definition is not', async (t) => {
  const other = { ...spec('cube'), noiseNano: 1 };
  const { said, wait } = await told([spec('sphere'), spec('cube')], [spec('sphere'), other]);
  await wait(2);
  t.regex(said[0] ?? '', /"sphere" was voted in; this node works on it/);
  t.regex(said[1] ?? '', /"cube" was voted in with another definition than domains\[1\]\.definition gives/);
});

test('a definition for a domain that is not on the chain waits, and says so', async (t) => {
  const { said, wait } = await told([], [spec('sphere')]);
  await wait(1);
  t.regex(said[0] ?? '', /"sphere" is defined here, but not on this chain.*doin domains propose/);
});
