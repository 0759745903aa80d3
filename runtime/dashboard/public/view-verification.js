// Every optimum the chain carried lately: its life, its seats, its challenges.
import { reasonText } from './alerts.js';
import { element, panel, setText, syncChildren } from './dom.js';
import { lifeLine, votePlot } from './life.js';
import { getJson } from './net.js';
import { badge, createTable, idCell } from './table.js';
import { agoText, performanceText, plural, short } from './text.js';
import { claimText } from './view-overview.js';

const SHOWN = 40;
const TONES = {
  accepted: 'good',
  rejected: 'bad',
  expired: 'quiet',
  provisional: 'claimed',
  open: 'claimed',
  committed: 'quiet',
};
const WORDS = {
  open: 'being voted on',
  committed: 'committed',
  provisional: 'provisional',
  accepted: 'accepted',
  rejected: 'rejected',
  expired: 'expired',
};

export function verificationView() {
  const lives = panel(
    'Optimae',
    'Newest first. Open one for its seats: who measured it on which duty, and what came out.',
  );
  const list = element('ul', { class: 'optimae' });
  const empty = element('p', { class: 'empty' }, 'No optimum in the last blocks');
  lives.body.append(list, empty);
  const disputes = panel(
    'Challenges',
    'A vote may be challenged while a verdict is provisional. A jury repeats the evaluation and compares bits.',
  );
  const challenges = challengesTable();
  disputes.body.append(challenges.root);
  const entries = new Map();
  return {
    panels: [lives.root, disputes.root],
    async update() {
      const { optimae } = await getJson('/api/optimae', { limit: SHOWN });
      empty.hidden = optimae.length > 0;
      syncChildren(
        list,
        optimae,
        ({ optimum }) => optimum,
        ({ optimum }) => {
          const entry = optimumEntry();
          entries.set(optimum, entry);
          return entry.root;
        },
        (_, optimum) => entries.get(optimum.optimum).update(optimum),
      );
      challenges.update(
        optimae.flatMap((optimum) =>
          optimum.challenges.map((challenge) => ({
            ...challenge,
            optimum: optimum.optimum,
            domain_id: optimum.domain_id,
          })),
        ),
      );
    },
  };
}

function optimumEntry() {
  const verdict = element('span');
  const name = element('code');
  const text = element('span', { class: 'claim' });
  const line = lifeLine();
  const plot = element('div', { class: 'scroll-plain' });
  const seats = seatsTable();
  const why = element('p', { class: 'hint' });
  const summary = element('summary', null, verdict, ' ', name, ' ', text);
  const details = element('details', null, summary, why, plot, seats.root);
  const root = element('li', null, details, line.root);
  let drawn = '';
  return {
    root,
    update(optimum) {
      badge(verdict, WORDS[optimum.verdict], TONES[optimum.verdict]);
      setText(name, short(optimum.optimum));
      name.title = optimum.optimum;
      setText(text, `${optimum.domain_id} by ${short(optimum.optimizer)}: ${claimText(optimum)}`);
      line.update(optimum);
      seats.update(optimum.seats);
      setText(why, optimum.verdict === 'rejected' ? `Rejected: ${reasonText(optimum.reason)}.` : '');
      why.hidden = optimum.verdict !== 'rejected';
      // A drawing made anew at each poll would take the reader's place in it away.
      const now = JSON.stringify([optimum.seats, optimum.verified]);
      if (now === drawn) return;
      drawn = now;
      const picture = votePlot(optimum);
      plot.replaceChildren(...(picture === null ? [] : [picture]));
    },
  };
}

function seatsTable() {
  return createTable({
    caption: 'Seats of this optimum',
    keyOf: ({ seat }) => String(seat),
    empty: 'No seats yet: they are given out by the block of the reveal',
    columns: [
      { name: 'Seat', number: true, text: ({ seat }) => String(seat) },
      { name: 'Duty', text: ({ duty, audits }) => (audits === null ? duty : `${duty} of seat ${audits}`) },
      { name: 'Evaluator', render: (cell, { evaluator }) => idCell(cell, evaluator, short(evaluator)) },
      {
        name: 'Vote',
        render: (cell, { status }) =>
          badge(cell, status, status === 'voted' ? 'good' : status === 'open' ? 'claimed' : 'bad'),
      },
      { name: 'Measured', number: true, text: ({ performance }) => performanceText(performance) },
      { name: '± SE', number: true, text: ({ standard_error: error }) => performanceText(error) },
      { name: 'Until block', number: true, text: ({ deadline_height: height }) => String(height) },
    ],
  });
}

const OUTCOMES = {
  'false-vote': ['the vote was false', 'bad'],
  'true-vote': ['the vote was true', 'good'],
  undecided: ['undecided', 'quiet'],
};

function challengesTable() {
  return createTable({
    caption: 'Challenges of votes',
    keyOf: ({ optimum, seat, challenger }) => `${optimum}:${seat}:${challenger}`,
    empty: 'No vote was challenged',
    columns: [
      { name: 'Optimum', render: (cell, { optimum }) => idCell(cell, optimum, short(optimum)) },
      { name: 'Domain', text: ({ domain_id: id }) => id },
      { name: 'Seat', number: true, text: ({ seat }) => String(seat) },
      { name: 'Accused', render: (cell, { evaluator }) => idCell(cell, evaluator, short(evaluator)) },
      { name: 'Challenger', render: (cell, { challenger }) => idCell(cell, challenger, short(challenger)) },
      { name: 'Jury', text: ({ jurors }) => plural(jurors, 'member') },
      { name: 'Raised', text: ({ raised }) => `block ${raised.height}, ${agoText(raised.timestamp_ms)}` },
      {
        name: 'Outcome',
        render: (cell, { outcome }) => badge(cell, ...(OUTCOMES[outcome] ?? ['jury at work', 'claimed'])),
      },
    ],
  });
}
