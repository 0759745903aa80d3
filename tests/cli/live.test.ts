import test from 'ava';
import { printable, summaryText } from '../../runtime/cli/format.js';
import { createLiveView } from '../../runtime/cli/live.js';
import { summaryOf } from '../../runtime/http/status.js';
import { sampleStatus } from '../http/samples.js';

function capture(columns?: number) {
  const written: string[] = [];
  const write = (text: string | Uint8Array, after?: unknown) => {
    written.push(String(text));
    if (typeof after === 'function') after();
    return true;
  };
  return { written, output: { write, isTTY: columns !== undefined, ...(columns !== undefined && { columns }) } };
}

const accepted = {
  at: 0,
  event: 'optimumAccepted',
  optimum: 'ab'.repeat(32),
  domain_id: 'digits',
  optimizer: 'cd'.repeat(32),
  reported: 0.95,
  verified: 0.94,
  seats: 3,
  agreeing: 2,
} as const;

test('in a pipe every event is one plain line without control codes', (t) => {
  const { written, output } = capture();
  const view = createLiveView(output, false);
  view.event(accepted);
  view.status(sampleStatus);
  view.status(sampleStatus);
  view.close();
  t.is(written.length, 2, 'an unchanged status is not repeated');
  t.is(written[0], 'ACCEPTED abababab in digits: verified 0.9400 (claimed 0.9500, 2 of 3 votes agree)\n');
  t.regex(written[1]!, /^height 7 {2}proof 2 {2}accepted 3/);
  t.false(written.join('').includes('\u001b'));
});

test('with --json every line is a JSON object', (t) => {
  const { written, output } = capture();
  const view = createLiveView(output, true);
  view.event(accepted);
  view.status(sampleStatus);
  view.note('hello');
  const events = written.map((line) => JSON.parse(line).event);
  t.deepEqual(events, ['optimumAccepted', 'status', 'note']);
});

test('on a terminal the status block is erased before the next line, and shows running training', (t) => {
  const { written, output } = capture(200);
  const view = createLiveView(output, false);
  const progress = { domain_id: 'digits', task_id: 't', epoch: 3, max_epochs: 6, loss: 1 };
  view.event({ at: Date.now(), event: 'trainingProgress', ...progress });
  view.status(sampleStatus);
  const block = written.join('');
  t.regex(block, /█{12}░{12} digits epoch 3 of 6/);
  t.regex(block, /best claimed 0\.9600 {3}verified 0\.9400 {3}held-out 0\.9100/);
  const lines = block.split('\n').length - 1;
  written.length = 0;
  view.event(accepted);
  t.true(written.join('').startsWith(`\u001b[${lines}A`), 'the cursor goes back over the whole block first');
});

test('control characters from the network cannot reach the terminal', (t) => {
  t.is(printable('a\u001b[2Jb\u0007\u202e'), 'a?[2Jb??');
  const { written, output } = capture();
  createLiveView(output, false).event({ at: 0, event: 'peerConnected', peer_id: 'x\u001b[31m', address: 'y' });
  t.false(written.join('').includes('\u001b'));
});

test('the summary names height, proof blocks, accepted optima and all three bests', (t) => {
  const text = summaryText(summaryOf(sampleStatus));
  t.regex(text, /height 7, proof blocks 2, accepted optima 3/);
  t.regex(
    text,
    /digits best accuracy: claimed 0\.9600, verified 0\.9400, held-out 0\.9100 \(naive 0\.1000\) \(12 rounds\)/,
  );
});
