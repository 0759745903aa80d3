import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { createDevnet } from '../../runtime/node/devnet.js';
import { doin } from '../kit/command.js';
import { NodeProcess, temporaryFolder, until } from '../kit/node-process.js';

const rewrite = (file: string, change: (json: Record<string, never>) => object) =>
  writeFileSync(file, JSON.stringify(change(JSON.parse(readFileSync(file, 'utf8')))));

/** Two nodes of one network without `sphere`, which both their owners have defined. */
async function twoNodes(t: ExecutionContext) {
  const dataDir = temporaryFolder(t);
  const members = await createDevnet({ nodes: 2, dataDir });
  rewrite(join(dataDir, 'network.json'), (network) => {
    const { parameters } = network as unknown as { parameters: { domains: object } };
    return { ...network, parameters: { ...parameters, domains: { ...parameters.domains, deposit_units: 1_000_000 } } };
  });
  const domains = [{ domain_id: 'quadratic' }, { domain_id: 'sphere', definition: 'built-in' }];
  const nodes = members.map(({ configFile }) => {
    rewrite(configFile, (config) => ({ ...config, domains }));
    return new NodeProcess(t, ['start', '--json', '--config', configFile]);
  });
  const at = await Promise.all(
    nodes.map(async (node, index) => ['--url', await node.url(), '--data-dir', members[index]!.dataDir]),
  );
  return { nodes: nodes as [NodeProcess, NodeProcess], at: at as [string[], string[]] };
}

async function domainsOf(at: readonly string[]) {
  const { stdout } = await doin('domains', '--json', ...at.slice(0, 2));
  return JSON.parse(stdout) as {
    domains: { domain_id: string; weight: number }[];
    proposals: { domain_id: string; deposit: string; approvals: string[]; approval: number }[];
  };
}

test('a domain that members vote in while they run is searched, verified and accepted', async (t) => {
  t.timeout(280_000);
  const { nodes, at } = await twoNodes(t);
  const [first, second] = nodes;
  await first.line(
    ({ text }) => /"sphere" is defined here, but not on this chain/.test(String(text)),
    'what it waits for',
  );
  // The deposit is earned first, by whoever is.
  const rich = await Promise.any(
    nodes.map((node, index) =>
      until(
        () => node.status(),
        ({ balance }) => balance > 1,
      ).then(() => index),
    ),
  );
  const proposed = await doin('domains', 'propose', 'sphere', ...at[rich]!);
  t.is(proposed.code, 0, proposed.stderr);
  t.regex(proposed.stdout, /in block \d+ [0-9a-f]{8}, 1 confirmation/);
  const before = await domainsOf(at[0]);
  t.like(before.proposals[0], { domain_id: 'sphere', deposit: '0.01000000', approvals: [], approval: 0 });
  t.deepEqual(
    before.domains.map(({ domain_id: id }) => id),
    ['digits', 'quadratic'],
  );

  const unknown = await doin('domains', 'approve', 'cube', ...at[0]);
  t.is(unknown.code, 2);
  t.regex(unknown.stderr, /nobody proposes "cube"; proposed: sphere/);
  for (const options of at) {
    const approved = await doin('domains', 'approve', 'sphere', ...options);
    t.is(approved.code, 0, approved.stderr);
  }
  await Promise.all(
    nodes.map((node) =>
      node.line(({ text }) => /"sphere" was voted in; this node works on it/.test(String(text)), 'the vote'),
    ),
  );
  const after = await domainsOf(at[1]);
  t.deepEqual(after.proposals, []);
  t.true(after.domains.find(({ domain_id: id }) => id === 'sphere')!.weight > 0);
  const isSphere = (line: { event: string; domain_id?: unknown }) =>
    line.event === 'optimumAccepted' && line.domain_id === 'sphere';
  const accepted = await first.line(isSphere, 'an accepted optimum of the domain');
  t.true(Number(accepted.seats) >= 1);
  await second.line(isSphere, 'the same');
  for (const node of nodes) node.kill('SIGINT');
  t.deepEqual(await Promise.all(nodes.map(({ exited }) => exited)), [0, 0]);
});
