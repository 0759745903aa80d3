import test from 'ava';
import { hasSettled, resultOf, resultText } from '../../runtime/cli/devnet-result.js';
import { sampleStatus } from '../http/samples.js';

const other = { ...sampleStatus, tip_hash: 'ff'.repeat(32) };

test('nodes have settled when all answer with one head and none is busy', (t) => {
  t.true(hasSettled([sampleStatus, sampleStatus], 2));
  t.false(hasSettled([sampleStatus], 2), 'one is missing');
  t.false(hasSettled([sampleStatus, other], 2), 'two heads');
  t.false(hasSettled([sampleStatus, { ...sampleStatus, busy: true }], 2), 'one is busy');
  t.false(hasSettled([], 0));
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
