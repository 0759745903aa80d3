import test from 'ava';
import fc from 'fast-check';
import type { TaskPriority } from '../../../actors/task-queue/messages.js';
import { PriorityQueue } from '../../../actors/task-queue/priority-queue.js';

const ORDER: readonly TaskPriority[] = ['vote', 'confirm', 'inference', 'search', 'benchmark'];
const arbitraryTasks = fc
  .array(fc.constantFrom(...ORDER), { maxLength: 60 })
  .map((priorities) => priorities.map((priority, index) => ({ taskId: `${index}`, priority })));

test('tasks come out by priority, and in order of arrival inside one', (t) => {
  fc.assert(
    fc.property(arbitraryTasks, (tasks) => {
      const queue = new PriorityQueue<(typeof tasks)[number]>(1000);
      for (const task of tasks) t.true(queue.add(task));
      const expected = ORDER.flatMap((priority) => tasks.filter((task) => task.priority === priority));
      t.deepEqual(queue.items(), expected);
      t.deepEqual(
        tasks.map(() => queue.take()),
        expected,
      );
      t.is(queue.take(), undefined);
      t.is(queue.size, 0);
    }),
  );
});

test('a full queue takes nothing more until something leaves', (t) => {
  const queue = new PriorityQueue(2);
  t.true(queue.add({ taskId: 'a', priority: 'search' }));
  t.true(queue.add({ taskId: 'b', priority: 'vote' }));
  t.false(queue.add({ taskId: 'c', priority: 'vote' }));
  t.is(queue.remove('a')?.taskId, 'a');
  t.is(queue.remove('a'), undefined);
  t.true(queue.add({ taskId: 'c', priority: 'vote' }));
  t.is(queue.size, 2);
});
