/** Against a real Ethereum execution engine (Hardhat's EDR), with the JSON-RPC that any node offers over HTTP. */
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { EdrContext, MineOrdering, Provider, SpecId } from '@nomicfoundation/edr';
import test, { type ExecutionContext } from 'ava';
import type { AnchorConfig } from '../../../config/schema.js';
import { addressOf, callRpc, signTransaction } from '../../../runtime/anchors/ethereum.js';
import { EthereumLedger, privateKeyFrom } from '../../../runtime/anchors/ethereum-ledger.js';
import type { AnchorLedger } from '../../../runtime/anchors/ledger.js';
import { openAnchors } from '../../../runtime/node/anchors.js';
import { temporaryFolder, until } from '../../kit/node-process.js';
import { anchorOf, CHAIN, ledgerCompliance } from './compliance.js';

const key = new Uint8Array(32).fill(0x46);
const address = addressOf(key);
/** One for the process: the engine takes no second. */
const context = new EdrContext();

/** A chain of its own, of which only the test makes blocks unless `autoMine`. */
async function ethereumNode(t: Pick<ExecutionContext, 'teardown'>, autoMine = true): Promise<string> {
  const silent = { enable: false, decodeConsoleLogInputsCallback: () => [], printLineCallback: () => undefined };
  const config = {
    allowBlocksWithSameTimestamp: true,
    allowUnlimitedContractSize: false,
    bailOnCallFailure: true,
    bailOnTransactionFailure: true,
    blockGasLimit: 30_000_000n,
    chainId: 1337n,
    networkId: 1337n,
    chains: [],
    coinbase: Buffer.alloc(20),
    enableRip7212: false,
    genesisAccounts: [{ secretKey: `0x${'46'.repeat(32)}`, balance: 10n * 1_000_000_000_000_000_000n }],
    hardfork: SpecId.Prague,
    initialBaseFeePerGas: 1_000_000_000n,
    initialBlobGas: { gasUsed: 0n, excessGas: 0n },
    initialParentBeaconBlockRoot: Buffer.alloc(32),
    minGasPrice: 0n,
    mining: { autoMine, memPool: { order: MineOrdering.Priority } },
  };
  const provider = await Provider.withConfig(context, config, silent, {}, () => undefined);
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { data } = await provider.handleRequest(Buffer.concat(chunks).toString('utf8'));
    response.end(typeof data === 'string' ? data : JSON.stringify(data));
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function ledgerAt(
  rpcUrl: string,
  change: Partial<ConstructorParameters<typeof EthereumLedger>[0]> = {},
  chain = CHAIN,
) {
  return new EthereumLedger({ rpcUrl, address, privateKey: key, newest: () => null, pollMs: 5, ...change }, chain);
}

const codeOf = async (t: ExecutionContext, work: Promise<unknown>) =>
  ((await t.throwsAsync(work)) as { code?: string }).code;

test('a transaction is signed as EIP-155 shows it', (t) => {
  t.is(address, '0x9d8a62f656a8d1615c1294fd71e9cfb3e4855a4f', 'the account of the example');
  const to = `0x${'35'.repeat(20)}`;
  const transaction = { chainId: 1n, nonce: 9n, gasPrice: 20_000_000_000n, gas: 21_000n, to, data: new Uint8Array(0) };
  const fields = /^0xf8[0-9a-f]{2}098504a817c800825208943535353535353535353535353535353535353535808025/;
  t.regex(signTransaction(transaction, key), fields);
});

test('a private key is read as wallets export it', (t) => {
  t.deepEqual(privateKeyFrom(`0x${'46'.repeat(32)}\n`), key);
  t.deepEqual(privateKeyFrom('46'.repeat(32)), key);
  t.is(privateKeyFrom('46'.repeat(31)), null);
  t.is(privateKeyFrom('00'.repeat(32)), null, 'zero is no key');
});

/** What a node notes of an account's anchors: the newest, by chain. */
async function remembering(t: Pick<ExecutionContext, 'teardown'>) {
  const rpcUrl = await ethereumNode(t);
  const newest = new Map<string, string>();
  return {
    open(chain = CHAIN): AnchorLedger {
      const id = JSON.stringify(chain);
      const ledger = ledgerAt(rpcUrl, { newest: () => newest.get(id) ?? null }, chain);
      return {
        kind: ledger.kind,
        place: ledger.place,
        read: () => ledger.read(),
        async write(anchor) {
          const reference = await ledger.write(anchor);
          newest.set(id, reference);
          return reference;
        },
      };
    },
  };
}
const closing: (() => void)[] = [];
test.after.always(() => {
  for (const close of closing) close();
});
ledgerCompliance(test, 'ethereum', () =>
  remembering({ teardown: (close: () => void) => void closing.push(close) } as Pick<ExecutionContext, 'teardown'>),
);

test('each anchor is in a transaction of the account to itself, which names the one before', async (t) => {
  const rpcUrl = await ethereumNode(t);
  const newest: string[] = [];
  const open = () => ledgerAt(rpcUrl, { newest: () => newest.at(-1) ?? null });
  const first = await open().write(anchorOf(100));
  newest.push(first);
  const second = await open().write(anchorOf(200));
  newest.push(second);
  const found = (await callRpc(rpcUrl, 'eth_getTransactionByHash', [second])) as Readonly<Record<string, string>>;
  t.is(found.from, address);
  t.is(found.to, address);
  const [text, previous] = Buffer.from((found.input ?? '').slice(2), 'hex')
    .toString('utf8')
    .split('\t');
  t.is(JSON.parse(text ?? '').block, anchorOf(200).hash);
  t.is(previous, first);
  t.deepEqual(
    (await open().read()).map(({ reference }) => reference),
    [first, second],
  );
});

test('an anchor is told once it is in a block, not before', async (t) => {
  const rpcUrl = await ethereumNode(t, false);
  let told = false;
  const written = ledgerAt(rpcUrl)
    .write(anchorOf(100))
    .then((reference) => {
      told = true;
      return reference;
    });
  const sent = async () => (await callRpc(rpcUrl, 'eth_pendingTransactions', [])) as readonly { hash: string }[];
  const [waiting] = await until(sent, (transactions) => transactions.length > 0);
  t.false(told);
  await callRpc(rpcUrl, 'evm_mine', []);
  t.is(await written, waiting?.hash ?? '');
});

test('a transaction that is gone, is no anchor or is of another account is a damaged ledger', async (t) => {
  const rpcUrl = await ethereumNode(t);
  const reference = await ledgerAt(rpcUrl).write(anchorOf(100));
  const newest = (hash: string) => ({ newest: () => hash });
  t.deepEqual(await ledgerAt(rpcUrl, newest(reference)).read(), [{ ...anchorOf(100), reference }]);
  t.is(await codeOf(t, ledgerAt(rpcUrl, newest(`0x${'ab'.repeat(32)}`)).read()), 'anchor-ledger-damaged');
  const stranger = { ...newest(reference), address: `0x${'11'.repeat(20)}`, privateKey: null };
  t.is(await codeOf(t, ledgerAt(rpcUrl, stranger).read()), 'anchor-ledger-damaged');
  const transaction = {
    chainId: 1337n,
    nonce: 1n,
    gasPrice: 10_000_000_000n,
    gas: 30_000n,
    to: address,
    data: Buffer.from('hello'),
  };
  const foreign = (await callRpc(rpcUrl, 'eth_sendRawTransaction', [signTransaction(transaction, key)])) as string;
  t.is(await codeOf(t, ledgerAt(rpcUrl, newest(String(foreign))).read()), 'anchor-ledger-damaged');
});

test('without node, key or coins nothing is written, and the message says what to look at', async (t) => {
  const rpcUrl = await ethereumNode(t);
  const nowhere = await t.throwsAsync(ledgerAt('http://127.0.0.1:1').write(anchorOf(100)));
  t.like(nowhere, { code: 'anchor-ledger-unreachable' });
  t.regex(nowhere?.message ?? '', /ethereum 0x9d8a.*check rpc_url, and that the account has coins for gas/);
  t.is(await codeOf(t, ledgerAt(rpcUrl, { privateKey: null }).write(anchorOf(100))), 'anchor-ledger-unreachable');
  const poor = new Uint8Array(32).fill(7);
  const penniless = ledgerAt(rpcUrl, { privateKey: poor, address: addressOf(poor) });
  t.is(await codeOf(t, penniless.write(anchorOf(100))), 'anchor-ledger-unreachable');
});

test('a node that only compares needs an address and one anchor; one that publishes needs a key it can read', async (t) => {
  const rpcUrl = await ethereumNode(t);
  const reference = await ledgerAt(rpcUrl).write(anchorOf(100));
  const folder = temporaryFolder(t);
  const open = (change: object) => {
    const anchor = {
      ledger: 'ethereum',
      rpc_url: rpcUrl,
      private_key_file: '',
      address: '',
      transaction: '',
      ...change,
    };
    const config = { data_dir: folder, anchors: [{ ...anchor, publish: false } as AnchorConfig] };
    return openAnchors(config, CHAIN, (text) => t.fail(text));
  };
  const { height, hash, stateRoot } = anchorOf(100);
  const expected = [{ height, hash, stateRoot, ledger: `ethereum ${address}` }];
  t.deepEqual((await open({ address, transaction: reference })).known, expected);
  const keyFile = join(folder, 'key');
  writeFileSync(keyFile, `0x${'46'.repeat(32)}\n`);
  t.deepEqual((await open({ private_key_file: keyFile })).known, expected, 'noted, and the account is that of the key');
  writeFileSync(keyFile, 'no key');
  const message = /anchors\[0\]\.private_key_file = ".*key": holds no private key; name a file with the 64/;
  await t.throwsAsync(open({ private_key_file: keyFile }), { message });
});
