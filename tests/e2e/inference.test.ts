import { readFileSync, writeFileSync } from 'node:fs';
import test from 'ava';
import { answerBytes } from '../../actors/evaluator/inference.js';
import { verifySignature } from '../../runtime/crypto/ed25519.js';
import { publicKeyOf } from '../../runtime/crypto/peer-id.js';
import type { DomainsJson } from '../../runtime/http/domains.js';
import type { InferenceJson } from '../../runtime/http/inference.js';
import type { AccountJson, TransactionJson } from '../../runtime/http/wallet.js';
import { createDevnet } from '../../runtime/node/devnet.js';
import { doin } from '../kit/command.js';
import { NodeProcess, temporaryFolder, until } from '../kit/node-process.js';

const PRICE = '5';

test('a node asks another one, pays it on the chain and gets a signed answer of the verified champion', async (t) => {
  t.timeout(280_000);
  const members = await createDevnet({ nodes: 2, dataDir: temporaryFolder(t) });
  const nodes = members.map(({ configFile }) => {
    const config = JSON.parse(readFileSync(configFile, 'utf8'));
    const change = { domains: [{ domain_id: 'quadratic' }], inference: { price: PRICE } };
    writeFileSync(configFile, JSON.stringify({ ...config, ...change }));
    return new NodeProcess(t, ['start', '--json', '--config', configFile]);
  });
  const urls = await Promise.all(nodes.map((node) => node.url()));
  const get = async <T>(url: string, path: string) => (await (await fetch(`${url}${path}`)).json()) as T;

  // Whoever earns the price first is the customer.
  const index = await Promise.any(
    nodes.map((node, at) =>
      until(
        () => node.status(),
        ({ balance }) => balance > Number(PRICE) + 1,
      ).then(() => at),
    ),
  );
  const url = urls[index]!;
  const server = await get<AccountJson>(urls[1 - index]!, '/wallet');
  const own = ['--url', url, '--data-dir', members[index]!.dataDir];
  const ask = ['infer', 'quadratic', 'null', '--server', server.address, '--json', ...own];

  const unpaid = await doin(...ask);
  t.is(unpaid.code, 1);
  t.regex(unpaid.stderr, /an answer costs 5\.00000000 coins.*--max-price 5\.00000000/);
  const { code, stdout, stderr } = await doin(...ask, '--max-price', PRICE);
  t.is(code, 0, stderr);
  const answer = JSON.parse(stdout) as InferenceJson;
  t.like(answer, { domain_id: 'quadratic', server: server.address, paid: '5.00000000' });
  t.is((answer.output as { point: number[] }).point.length, 10);
  const signed = answerBytes(answer.request, answer.optimum, JSON.stringify(answer.output));
  t.true(verifySignature(publicKeyOf(answer.server)!, signed, answer.signature));

  const payment = await get<TransactionJson>(url, `/transactions/${answer.transaction_id}`);
  t.is(payment.state, 'included');
  const { domains } = await get<DomainsJson>(url, '/domains');
  const shareOf = (id: string) => domains.find(({ domain_id: domain }) => domain === id)!.inference_share;
  t.true(shareOf('quadratic') > 0.5 && shareOf('digits') < 0.5, 'the share of the domain moved');

  // The owner asks his own node for nothing.
  const local = JSON.parse((await doin('infer', 'quadratic', '--json', ...own)).stdout) as InferenceJson;
  t.like(local, { paid: '0.00000000', transaction_id: null });
  const wrong = await doin('infer', 'quadratic', '[1]', ...own);
  t.is(wrong.code, 1);
  t.regex(wrong.stderr, /takes no input/);
  for (const node of nodes) node.kill('SIGINT');
  t.deepEqual(await Promise.all(nodes.map(({ exited }) => exited)), [0, 0]);
});
