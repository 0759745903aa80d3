// What runs inside this node, how long its messages wait, and each message of one actor while one looks.
import { element, panel, syncChildren } from './dom.js';
import { follow } from './net.js';
import { badge, createTable } from './table.js';
import { bytesText, clockText, countText, durationText, percentText } from './text.js';

const KEPT_LINES = 200;

export function actorsView() {
  const actors = panel(
    'Actors',
    'Wait: from sending to handling. Loop: how late the actor’s thread comes to its timers. Of a sample of the messages.',
  );
  const tracing = tracePanel();
  const table = actorsTable(tracing);
  actors.body.append(table.root);
  const letters = panel('Dead letters', 'Messages between actors that nobody handled.');
  const dead = deadTable();
  letters.body.append(dead.root);
  return {
    panels: [actors.root, tracing.root, letters.root],
    update({ status }) {
      table.update(status.actors);
      dead.update(status.dead_letters.recent);
    },
    close: tracing.stop,
  };
}

function actorsTable(tracing) {
  const us = (value) => durationText(value === undefined ? undefined : value / 1000);
  return createTable({
    caption: 'Actors of this node',
    keyOf: ({ name }) => name,
    columns: [
      { name: 'Actor', text: ({ name }) => name },
      { name: 'Trace', render: (cell, { name }) => tracing.renderSwitch(cell, name) },
      { name: 'State', render: (cell, { state }) => badge(cell, state, state === 'running' ? 'good' : 'warn') },
      {
        name: 'Mailbox',
        number: true,
        hint: 'Messages that wait',
        text: ({ mailbox_depth: depth }) => countText(depth),
      },
      { name: 'Wait p50', number: true, text: ({ times }) => us(times?.wait.p50_us) },
      { name: 'Wait p99', number: true, text: ({ times }) => us(times?.wait.p99_us) },
      { name: 'Handling p99', number: true, text: ({ times }) => us(times?.handle.p99_us) },
      { name: 'Loop p99', number: true, text: ({ event_loop_p99_ms: ms }) => durationText(ms) },
      { name: 'Busy', number: true, text: ({ load }) => (load === null ? '–' : percentText(load.utilisation)) },
      { name: 'Heap', number: true, text: ({ load }) => (load === null ? '–' : bytesText(load.heap_used_bytes)) },
      { name: 'Handled', number: true, text: ({ handled }) => countText(handled) },
      {
        name: 'Dropped',
        number: true,
        text: ({ dropped }) => countText(Object.values(dropped).reduce((sum, count) => sum + count, 0)),
      },
      { name: 'Restarts', number: true, text: ({ restarts }) => countText(restarts) },
      { name: 'Thread', text: ({ thread }) => thread },
    ],
  });
}

function tracePanel() {
  const { root, body, tools } = panel(
    'Trace',
    'Choose actors in the table above: the node traces while this page looks, and not otherwise. Only from the machine it runs on.',
  );
  const state = element('p', { class: 'hint', role: 'status' }, 'Nothing is traced.');
  const list = element('ol', { class: 'feed trace', tabindex: 0, 'aria-label': 'Messages, newest first' });
  const clear = element('button', { type: 'button' }, 'Clear');
  tools.append(clear);
  body.append(state, list);
  /** @type {Set<string>} */
  const traced = new Set();
  let lines = [];
  let serial = 0;
  let planned = false;
  let stopStream = () => undefined;

  const show = () => {
    planned = false;
    syncChildren(
      list,
      lines,
      ({ key }) => key,
      ({ text, bad }) => element('li', { class: bad ? 'bad' : '' }, text),
      () => undefined,
    );
  };
  const add = (frame) => {
    serial += 1;
    lines = [{ key: String(serial), ...lineOf(frame) }, ...lines].slice(0, KEPT_LINES);
    // Hundreds of messages a second are drawn once a frame.
    if (!planned) requestAnimationFrame(show);
    planned = true;
  };
  const restart = () => {
    stopStream();
    const names = [...traced];
    state.textContent = names.length === 0 ? 'Nothing is traced.' : `Tracing ${names.join(', ')}.`;
    stopStream =
      names.length === 0
        ? () => undefined
        : follow(
            () => `/trace?filter=${encodeURIComponent(names.join(','))}`,
            (frame) => {
              if (frame.event !== 'ready') add(frame);
            },
          );
  };
  clear.addEventListener('click', () => {
    lines = [];
    show();
  });

  return {
    root,
    stop: () => stopStream(),
    renderSwitch(cell, name) {
      let button = cell.firstElementChild;
      if (button === null) {
        button = element('button', { type: 'button', 'aria-label': `Trace ${name}`, class: 'switch' }, 'Trace');
        button.addEventListener('click', () => {
          if (!traced.delete(name)) traced.add(name);
          restart();
          paint();
        });
        cell.append(button);
      }
      const paint = () => {
        button.setAttribute('aria-pressed', String(traced.has(name)));
      };
      paint();
    },
  };
}

function lineOf(frame) {
  if (frame.event === 'dropped')
    return { text: `… ${countText(frame.count)} messages came too fast to show`, bad: false };
  const subject = frame.optima[0]?.slice(0, 8) ?? frame.block?.slice(0, 8) ?? '';
  const times = `waited ${durationText(frame.wait_ms)}, took ${durationText(frame.handle_ms)}`;
  const bad = frame.outcome !== 'ok';
  return {
    text: `${clockText(frame.at)} ${frame.from} → ${frame.actor} ${frame.kind} ${subject} ${times}${bad ? ` ${frame.outcome}` : ''}`,
    bad,
  };
}

function deadTable() {
  return createTable({
    caption: 'The last dead letters, newest first',
    keyOf: ({ time_ms: at, to, kind, from, id }) => `${at}:${from}:${to}:${kind}:${id ?? ''}`,
    empty: 'None: every message found its actor',
    columns: [
      { name: 'When', text: ({ time_ms: at }) => clockText(at) },
      { name: 'From', text: ({ from }) => from },
      { name: 'To', text: ({ to }) => to },
      { name: 'Message', text: ({ kind }) => kind },
      { name: 'Why', text: ({ reason }) => reason ?? '–' },
    ],
  });
}
