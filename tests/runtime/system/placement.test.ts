import test from 'ava';
import { ACTOR_ROLES } from '../../../config/schema.js';
import { placeActors, recommendPlacement } from '../../../runtime/system/placement.js';

const advise = (cores: number, memoryMb: number) => recommendPlacement({ cores, memoryMb }, ACTOR_ROLES);
const threadsOf = (cores: number, memoryMb: number) => [
  ...placeActors(ACTOR_ROLES, advise(cores, memoryMb).placement).values(),
];

test('a machine with four cores and memory gets one thread per role: 7 x 17 MB and 40 MB for libp2p', (t) => {
  t.like(advise(4, 8192), { placement: {}, threads: 8, memoryMb: 159 });
  t.deepEqual(advise(64, 262_144), { ...advise(4, 8192), reason: advise(64, 262_144).reason });
});

test('with less than twenty times the memory that its threads take, a machine gets fewer', (t) => {
  t.is(advise(4, 159 * 20).threads, 8);
  t.is(advise(4, 159 * 20 - 1).threads, 4);
  t.is(advise(4, 91 * 20 - 1).threads, 3);
  t.is(advise(4, 74 * 20 - 1).threads, 1);
  t.is(advise(4, 256).threads, 1, 'and never none');
});

test('two cores get four threads, with the heavy actors apart and the votes apart from the search', (t) => {
  const threads = threadsOf(2, 8192);
  t.is(threads.length, 4);
  for (const role of ['chain', 'gossip'])
    t.true(
      threads.some((roles) => roles.length === 1 && roles[0] === role),
      role,
    );
  const voting = threads.find((roles) => roles.includes('quorum'));
  t.false(voting?.includes('optimizer') ?? true);
});

test('one core gets the heavy actors apart and all others together', (t) => {
  t.deepEqual(
    threadsOf(1, 8192)
      .map((roles) => roles.length)
      .sort(),
    [1, 1, 6],
  );
});

test('what is recommended places every role once, whatever the machine and the roles', (t) => {
  for (const cores of [1, 2, 3, 4, 16]) {
    for (const memoryMb of [64, 1024, 2048, 65_536]) {
      for (const roles of [ACTOR_ROLES, ['chain'], ['gossip', 'quorum'], []]) {
        const { placement, threads } = recommendPlacement({ cores, memoryMb }, roles);
        const placed = placeActors(roles, placement);
        t.is(placed.size, threads);
        t.deepEqual([...placed.values()].flat().sort(), [...roles].sort());
      }
    }
  }
});
