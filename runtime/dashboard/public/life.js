// The life of an optimum as a row of stations, and its seats as marks on a scale of performance.
import { drawing, element, setText, svg, syncChildren } from './dom.js';
import { performanceText, short } from './text.js';

const OVER = ['accepted', 'rejected', 'expired'];

/** @returns {{ key: string, name: string, state: 'done' | 'now' | 'todo' | 'bad', note: string }[]} */
export function stationsOf(optimum) {
  const { verdict } = optimum;
  const over = OVER.includes(verdict);
  const quorum = optimum.seats.filter(({ duty }) => duty === 'quorum');
  const voted = quorum.filter(({ status }) => status === 'voted' || status === 'failed').length;
  const disputed = optimum.challenges.filter(({ outcome }) => outcome === null).length;
  const lies = optimum.challenges.filter(({ outcome }) => outcome === 'false-vote').length;
  const at = (moment) => (moment === null ? '' : `block ${moment.height}`);
  const step = (key, name, done, now, note, bad = false) => ({
    key,
    name,
    note,
    state: bad ? 'bad' : done ? 'done' : now ? 'now' : 'todo',
  });
  const expired = verdict === 'expired';
  return [
    step('commit', 'Commit', optimum.committed !== null || optimum.revealed !== null, false, at(optimum.committed)),
    step(
      'reveal',
      expired ? 'Expired' : 'Reveal',
      optimum.revealed !== null,
      verdict === 'committed',
      at(optimum.revealed),
      expired,
    ),
    step(
      'votes',
      'Votes',
      verdict === 'provisional' || (over && !expired),
      verdict === 'open',
      quorum.length === 0 ? '' : `${voted} of ${quorum.length}`,
    ),
    step(
      'provisional',
      'Provisional',
      over && !expired,
      verdict === 'provisional',
      verdict === 'provisional' ? `until block ${optimum.settles_at_height}` : at(optimum.provisional),
    ),
    step(
      'challenge',
      'Challenge',
      over && !expired,
      disputed > 0,
      lies > 0
        ? `${lies} ${lies === 1 ? 'lie' : 'lies'} proved`
        : disputed > 0
          ? 'jury at work'
          : over && !expired
            ? 'none upheld'
            : '',
      lies > 0,
    ),
    step(
      'verdict',
      verdict === 'rejected' ? 'Rejected' : 'Accepted',
      verdict === 'accepted',
      false,
      at(over && !expired ? optimum.settled : null),
      verdict === 'rejected',
    ),
    step(
      'final',
      'Final',
      optimum.final && !expired,
      over && !expired,
      optimum.final || !over || expired ? '' : 'waits for finality',
    ),
  ];
}

const SPOKEN = { done: 'done', now: 'under way', todo: 'to come', bad: 'failed' };

/** @returns {{ root: HTMLElement, update: (optimum: any) => void }} */
export function lifeLine() {
  const root = element('ol', { class: 'life' });
  const update = (optimum) =>
    syncChildren(
      root,
      stationsOf(optimum),
      ({ key }) => key,
      () =>
        element('li', null, element('span', { class: 'name' }), element('span', { class: 'hidden' }), element('small')),
      (item, { name, state, note }) => {
        item.className = state;
        setText(item.children[0], name);
        setText(item.children[1], `: ${SPOKEN[state]} `);
        setText(item.children[2], note);
      },
    );
  return { root, update };
}

const WIDTH = 640;
const ROW = 22;
const LEFT = 150;

/** Where the claim, the median and each vote with its standard error lie. Null while there is nothing to place. */
export function votePlot(optimum) {
  const votes = optimum.seats.filter(({ performance }) => performance !== null);
  const values = [
    optimum.reported,
    optimum.verified,
    ...votes.flatMap(({ performance, standard_error: error }) => [
      performance - (error ?? 0),
      performance + (error ?? 0),
    ]),
  ].filter((value) => value !== null);
  if (votes.length === 0) return null;
  const low = Math.min(...values);
  const high = Math.max(...values);
  const margin = (high - low || Math.abs(high) || 1) * 0.08;
  const x = (value) => LEFT + ((value - low + margin) / (high - low + 2 * margin)) * (WIDTH - LEFT - 16);
  const height = ROW * (votes.length + 1) + 26;
  const marks = [svg('line', { x1: LEFT, x2: WIDTH - 8, y1: height - 22, y2: height - 22, class: 'rule' })];
  const upright = (value, name, label) => {
    if (value === null) return;
    marks.push(svg('line', { x1: x(value), x2: x(value), y1: 16, y2: height - 22, class: name }));
    const text = svg('text', { x: x(value), y: 11, class: `label ${name}`, 'text-anchor': 'middle' });
    text.textContent = label;
    marks.push(text);
  };
  const near =
    optimum.reported !== null && optimum.verified !== null && Math.abs(x(optimum.reported) - x(optimum.verified)) < 70;
  upright(optimum.reported, 'claimed', near ? '' : 'claimed');
  upright(optimum.verified, 'verified', near ? 'claimed and verified' : 'verified');
  for (const [index, seat] of votes.entries()) {
    const y = ROW * (index + 1) + 6;
    const error = seat.standard_error ?? 0;
    const name = svg('text', { x: LEFT - 10, y: y + 4, class: 'label', 'text-anchor': 'end' });
    name.textContent = `${seat.duty} ${short(seat.evaluator)}`;
    marks.push(
      name,
      svg('line', { x1: x(seat.performance - error), x2: x(seat.performance + error), y1: y, y2: y, class: 'error' }),
      svg('circle', { cx: x(seat.performance), cy: y, r: 5, class: `vote ${seat.status}` }),
    );
  }
  for (const [value, anchor] of [
    [low, 'start'],
    [high, 'end'],
  ]) {
    const text = svg('text', {
      x: anchor === 'start' ? LEFT : WIDTH - 8,
      y: height - 6,
      class: 'label',
      'text-anchor': anchor,
    });
    text.textContent = performanceText(value);
    marks.push(text);
  }
  return drawing(
    `Votes on ${short(optimum.optimum)}, also in the table below`,
    { viewBox: `0 0 ${WIDTH} ${height}`, class: 'votes' },
    ...marks,
  );
}
