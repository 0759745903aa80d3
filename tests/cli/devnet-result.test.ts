import test from 'ava';
import { isQuiet, resultOf, resultText, SettleWatch } from '../../runtime/cli/devnet-result.js';
import type { StatusJson } from '../../runtime/http/status.js';
import { sampleStatus } from '../http/samples.js';

const other = { ...sampleStatus, tip_hash: 'ff'.repeat(32) };

function confirming(status: StatusJson): StatusJson {
  const domains = status.domains.map((domain) => ({ ...domain, local: { ...domain.local!, state: 'confirming' } }));
  return { ...status, domains };
}

test('a network is quiet when all answer with one head and none has anything left to do', (t) => {
  t.true(isQuiet([sampleStatus, sampleStatus], 2));
  t.false(isQuiet([sampleStatus], 2), 'one is missing');
  t.false(isQuiet([sampleStatus, other], 2), 'two heads');
  t.false(isQuiet([sampleStatus, { ...sampleStatus, busy: true }], 2), 'one is busy');
  t.false(isQuiet([sampleStatus, { ...sampleStatus, mempool: 1 }], 2), 'one has a transaction to order');
  t.false(isQuiet([sampleStatus, confirming(sampleStatus)], 2), 'one will reveal');
  const blind = { ...sampleStatus, unavailable: [{ actor: 'optimizer', reason: 'restarting' }] };
  t.false(isQuiet([sampleStatus, blind], 2), 'one cannot say whether it will reveal');
  t.false(isQuiet([], 0));
});

test('a network has settled when it is quiet on one head in two polls in a row', (t) => {
  const quiet = [sampleStatus, sampleStatus];
  const watch = new SettleWatch(2);
  t.false(watch.settled(quiet), 'once is not enough');
  t.false(watch.settled([sampleStatus, confirming(sampleStatus)]));
  t.false(watch.settled(quiet), 'the count starts again');
  t.false(watch.settled([other, other]), 'another head');
  t.true(watch.settled([other, other]));
});

test('the result says whether all nodes share head and champion', (t) => {
  t.true(resultOf([sampleStatus, sampleStatus], 2).agreed);
  t.false(resultOf([sampleStatus, other], 2).agreed);
  t.false(resultOf([sampleStatus], 2).agreed);
  const [domain] = sampleStatus.domains;
  const otherChampion = { ...sampleStatus, domains: [{ ...domain!, champion: 'ee'.repeat(32) }] };
  t.false(resultOf([sampleStatus, otherChampion], 2).agreed);
});

test('the result carries what the JSON line promises', (t) => {
  const result = resultOf([sampleStatus], 1);
  t.deepEqual(Object.keys(result.nodes[0]!), [
    'node_id',
    'chain_height',
    'tip_hash',
    'accepted',
    'champion',
    'best_performance',
  ]);
  t.is(result.nodes[0]!.best_performance, 0.94);
  t.regex(resultText(result), /agreed: yes$/);
});
