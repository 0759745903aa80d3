import test from 'ava';
import fc from 'fast-check';
import { isDoinError } from '../../../runtime/errors.js';
import {
  isTraced,
  parseTraceFilter,
  type TraceFilter,
  traceFilterFromDebug,
  unknownActor,
  widestFilter,
} from '../../../runtime/trace/filter.js';
import { TraceMatcher } from '../../../runtime/trace/matcher.js';
import { storyIdOf } from '../../../runtime/trace/story-id.js';
import { BLOCK, OPTIMUM, OTHER, sampleRecord } from './samples.js';

const traced = (text: string, role: string, kind = 'submit') => isTraced(parseTraceFilter(text), role, kind);

test('a trace filter lists actors, patterns and kinds', (t) => {
  t.true(traced('chain,gossip', 'gossip'));
  t.false(traced('chain,gossip', 'quorum'));
  t.true(traced('*', 'quorum'));
  t.true(traced('task*', 'task-queue'));
  t.true(traced('chain.sub*', 'chain', 'submit'));
  t.false(traced('chain.sub*', 'chain', 'status'));
  t.true(traced('tracker.chain.*', 'tracker', 'chain.blockApplied'), 'an event has the name of its sender in its kind');
  t.false(traced('*,-gossip', 'gossip'));
  t.true(traced('-gossip', 'chain'), 'an exclusion alone means all others');
  t.false(traced('*,-chain.submit', 'chain'));
  t.false(traced('', 'chain'));
});

test('DEBUG turns tracing on for names with our prefix only', (t) => {
  t.true(isTraced(traceFilterFromDebug('libp2p:*,doin:chain*'), 'chain', 'submit'));
  t.false(isTraced(traceFilterFromDebug('libp2p:*,doin:chain*'), 'libp2p', 'submit'));
  t.true(traced('doin:*,-doin:gossip', 'chain'));
  t.false(traced('doin:*,-doin:gossip', 'gossip'));
  t.deepEqual(parseTraceFilter('doin:optimum:AB12,libp2p').optima, ['ab12']);
  t.is(traceFilterFromDebug('libp2p:*'), null);
  t.is(traceFilterFromDebug(undefined), null);
});

test('a trace filter that is no name, pattern or id is refused by name', (t) => {
  for (const text of [
    '$x',
    'optimum:',
    'optimum:abc',
    'optimum:xyzw',
    'block:',
    'block:-1',
    '-optimum:ab12',
    'Chain',
  ]) {
    const error = t.throws(() => parseTraceFilter(`chain,${text}`), undefined, text);
    t.true(isDoinError(error, 'trace-filter-invalid'), text);
    t.true(error?.message.includes(text), error?.message);
  }
});

test('a pattern that can match no actor is found', (t) => {
  const roles = ['chain', 'task-queue'];
  t.is(unknownActor(parseTraceFilter('chian'), roles), 'chian');
  t.is(unknownActor(parseTraceFilter('*,-chian.submit'), roles), 'chian.submit');
  t.is(unknownActor(parseTraceFilter('task*,chain.x,optimum:ab12'), roles), null);
});

test('a number is a height, anything else the beginning of a hash', (t) => {
  t.deepEqual(parseTraceFilter('block:12,block:cd34,block:1234567890').blocks, [12, 'cd34', '1234567890']);
});

const matcher = (text: string) => new TraceMatcher(parseTraceFilter(text));

test('an optimum filter matches messages that name it, and none about others', (t) => {
  const sure = matcher('optimum:ab12');
  t.true(sure.matches(sampleRecord({ optima: [OPTIMUM] })));
  t.true(sure.matches(sampleRecord({ optima: [OTHER, OPTIMUM] })));
  t.false(sure.matches(sampleRecord({ optima: [OTHER], traceId: storyIdOf(OTHER) })));
  t.false(sure.matches(sampleRecord({ traceId: 'ffffffffffffffff' })));
  t.false(matcher('optimum:ab12,quorum').matches(sampleRecord({ optima: [OPTIMUM] })), 'and only of the named actors');
  t.false(matcher('optimum:ab12,-chain').matches(sampleRecord({ optima: [OPTIMUM] })));
});

test('messages that only carry the story of an optimum match: by enough digits at once, by fewer once it was named', (t) => {
  const wordless = sampleRecord({ traceId: storyIdOf(OPTIMUM) });
  t.true(matcher(`optimum:${OPTIMUM.slice(0, 8)}`).matches(wordless));
  t.true(matcher(`optimum:${OPTIMUM}`).matches(wordless));
  const short = matcher('optimum:ab12');
  t.false(short.matches(wordless));
  t.true(short.matches(sampleRecord({ optima: [OPTIMUM] })));
  t.true(short.matches(wordless));
});

test('the story of a message that names one optimum is followed, that of a block with several is not', (t) => {
  const follower = matcher('optimum:ab12');
  t.true(follower.matches(sampleRecord({ traceId: 'aaaa000000000001', optima: [OPTIMUM] })));
  t.true(follower.matches(sampleRecord({ traceId: 'aaaa000000000001' })));
  t.true(follower.matches(sampleRecord({ traceId: 'aaaa000000000002', optima: [OPTIMUM], block: BLOCK, height: 3 })));
  t.false(follower.matches(sampleRecord({ traceId: 'aaaa000000000002' })));
});

test('a block filter matches by height, by hash and by the story of that block', (t) => {
  const block = sampleRecord({ block: BLOCK, height: 12, traceId: storyIdOf(BLOCK) });
  const wordless = sampleRecord({ traceId: storyIdOf(BLOCK) });
  for (const text of ['block:12', 'block:cd34', `block:${BLOCK}`]) {
    const one = matcher(text);
    t.true(one.matches(block), text);
    t.true(one.matches(wordless), text);
    t.false(one.matches(sampleRecord({ block: OTHER, height: 13, traceId: storyIdOf(OTHER) })), text);
  }
});

const word = fc.constantFrom('chain', 'gossip', 'ch*', '*', 'quorum.vote*', 'chain.submit', '*.submit');
const subject = fc.constantFrom('optimum:ab12', `optimum:${OTHER}`, 'block:12', 'block:cd34');
const filters = fc
  .tuple(fc.array(word), fc.array(word.map((text) => `-${text}`)), fc.array(subject))
  .map((words): TraceFilter => parseTraceFilter(words.flat().join(',')));
const records = fc
  .record({
    actor: fc.constantFrom('chain', 'gossip', 'quorum'),
    kind: fc.constantFrom('submit', 'vote', 'chain.blockApplied'),
    optima: fc.subarray([OPTIMUM, OTHER]),
    block: fc.constantFrom(null, BLOCK),
    height: fc.constantFrom(null, 12, 13),
    traceId: fc.constantFrom('0123456789abcdef', storyIdOf(OPTIMUM), storyIdOf(BLOCK)),
  })
  .map(sampleRecord);

test('whatever one of several filters lets through, the widest of them does', (t) => {
  fc.assert(
    fc.property(fc.array(filters, { minLength: 1, maxLength: 4 }), fc.array(records), (list, stream) => {
      const widest = new TraceMatcher(widestFilter(list)!);
      const each = list.map((filter) => new TraceMatcher(filter));
      for (const record of stream) {
        const isWanted = each.map((one) => one.matches(record)).includes(true);
        if (!widest.matches(record) && isWanted) return false;
      }
      return true;
    }),
  );
  t.is(widestFilter([]), null);
});

test('an exclusion wins over every inclusion', (t) => {
  fc.assert(
    fc.property(fc.array(word), fc.constantFrom('chain', 'gossip'), (include, role) => {
      const filter = parseTraceFilter([...include, `-${role}`].join(','));
      return !isTraced(filter, role, 'submit');
    }),
  );
  t.pass();
});
