// Parallel coordinates: a line for each trial through its parameters to its performance. Dragging along an axis
// keeps the lines that pass there.
import { colour, onThemeChange } from './colours.js';
import { element, panel } from './dom.js';
import { performanceText, plural, valueText } from './text.js';

const HEIGHT = 320;
const TOP = 46;
const BOTTOM = 26;
const SIDE = 46;
const NEAR = 24;

export function parallelPanel() {
  const { root, body, tools } = panel(
    'Parallel coordinates',
    'Each line is a trial, the better the stronger. Drag along an axis to keep the lines that pass there; the filter of the table does the same by keyboard.',
  );
  const canvas = element('canvas', { role: 'img', 'aria-label': 'Parallel coordinates of the trials' });
  const clear = element('button', { type: 'button' }, 'Clear ranges');
  const count = element('span', { class: 'hint', role: 'status' });
  tools.append(count, clear);
  body.append(canvas);
  let axes = [];
  let lines = [];
  /** @type {Map<string, [number, number]>} */
  const ranges = new Map();

  const width = () => Math.max(280, body.clientWidth);
  const xOf = (index) => SIDE + (axes.length < 2 ? 0 : (index * (width() - 2 * SIDE)) / (axes.length - 1));
  const yOf = (share) => HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM);
  const kept = (line) =>
    [...ranges].every(([name, [low, high]]) => line.shares.get(name) >= low && line.shares.get(name) <= high);

  function draw() {
    const pen = prepare(canvas, width());
    const chosen = lines.filter(kept);
    const chosenSet = new Set(chosen);
    pen.lineWidth = 1;
    for (const line of lines) {
      const strong = chosenSet.has(line);
      pen.globalAlpha = strong ? 0.12 + 0.6 * line.goodness ** 3 : 0.03;
      pen.strokeStyle = colour(strong && line.goodness > 0.85 ? 'verified' : strong ? 'claimed' : 'muted');
      pen.beginPath();
      for (const [index, axis] of axes.entries())
        pen[index === 0 ? 'moveTo' : 'lineTo'](xOf(index), yOf(line.shares.get(axis.name) ?? 0));
      pen.stroke();
    }
    pen.globalAlpha = 1;
    for (const [index, axis] of axes.entries())
      drawAxis(pen, axis, { x: xOf(index), yOf, range: ranges.get(axis.name), index, last: axes.length - 1 });
    count.textContent = ranges.size === 0 ? '' : `${plural(chosen.length, 'trial')} kept`;
    clear.hidden = ranges.size === 0;
    const best = chosen.at(-1);
    canvas.setAttribute(
      'aria-label',
      best
        ? `Parallel coordinates of ${plural(lines.length, 'trial')}; the best kept one has ${best.text}`
        : 'Parallel coordinates, no trial yet',
    );
  }

  followDrag(canvas, {
    axisAt: (x) => axes.find((_, index) => Math.abs(xOf(index) - x) < NEAR)?.name,
    shareAt: (y) => (HEIGHT - BOTTOM - y) / (HEIGHT - TOP - BOTTOM),
    onRange: (name, low, high) => {
      if (high - low < 0.01) ranges.delete(name);
      else ranges.set(name, [low, high]);
      draw();
    },
  });
  clear.addEventListener('click', () => {
    ranges.clear();
    draw();
  });
  clear.hidden = true;
  const resize = new ResizeObserver(() => draw());
  resize.observe(body);
  const release = onThemeChange(draw);

  return {
    root,
    /** @param {{ trials: readonly any[], improvements: readonly any[] }} sample */
    update({ trials, improvements }, domain) {
      const all = [
        ...new Map(
          [...trials, ...improvements].map((trial) => [`${trial.experiment_id}:${trial.round}`, trial]),
        ).values(),
      ];
      axes = axesOf(all, domain);
      lines = linesOf(all, axes, domain);
      draw();
    },
    close() {
      resize.disconnect();
      release();
    },
  };
}

/** Parameters that vary, and the performance as the last. Texts get places of their own; what spans decades, a log scale. */
function axesOf(trials, domain) {
  const names = [...new Set(trials.flatMap(({ parameters }) => Object.keys(parameters)))];
  const axes = names.map((name) =>
    scaleOf(
      name,
      trials.map(({ parameters }) => parameters[name]).filter((value) => value !== undefined),
    ),
  );
  return [
    ...axes,
    scaleOf(
      domain.metric,
      trials.map(({ performance }) => performance),
      false,
    ),
  ];
}

function scaleOf(name, values, mayBeLog = true) {
  const distinct = [...new Set(values)];
  if (distinct.some((value) => typeof value !== 'number')) {
    const places = distinct.map(String).sort((a, b) => Number(a) - Number(b) || (a < b ? -1 : 1));
    const share = (value) => (places.length < 2 ? 0.5 : places.indexOf(String(value)) / (places.length - 1));
    return { name, share, low: places[0] ?? '', high: places.at(-1) ?? '' };
  }
  const low = distinct.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY);
  const high = distinct.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
  const isLog = mayBeLog && low > 0 && high / low > 100;
  const at = isLog ? Math.log : (value) => value;
  const share = (value) => (high === low ? 0.5 : (at(value) - at(low)) / (at(high) - at(low)));
  return { name: isLog ? `${name} (log)` : name, key: name, share, low: valueText(low), high: valueText(high) };
}

/** Worst first, so that the best are drawn over the others. */
function linesOf(trials, axes, domain) {
  const sign = domain.direction === 'maximize' ? 1 : -1;
  const sorted = [...trials].sort((a, b) => sign * (a.performance - b.performance));
  return sorted.map((trial, index) => ({
    goodness: sorted.length < 2 ? 1 : index / (sorted.length - 1),
    text: `${domain.metric} ${performanceText(trial.performance)}`,
    shares: new Map(
      axes.map((axis, place) => [
        axis.name,
        axis.share(place === axes.length - 1 ? trial.performance : trial.parameters[axis.key ?? axis.name]),
      ]),
    ),
  }));
}

function prepare(canvas, width) {
  const ratio = devicePixelRatio || 1;
  canvas.width = width * ratio;
  canvas.height = HEIGHT * ratio;
  canvas.style.width = `${width}px`;
  canvas.style.height = `${HEIGHT}px`;
  const pen = canvas.getContext('2d');
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, HEIGHT);
  pen.font = '12px system-ui, sans-serif';
  return pen;
}

function drawAxis(pen, { name, low, high }, { x, yOf, range, index, last }) {
  pen.strokeStyle = colour('line-strong');
  pen.beginPath();
  pen.moveTo(x, yOf(0));
  pen.lineTo(x, yOf(1));
  pen.stroke();
  if (range) {
    pen.fillStyle = colour('claimed');
    pen.globalAlpha = 0.25;
    pen.fillRect(x - 6, yOf(range[1]), 12, yOf(range[0]) - yOf(range[1]));
    pen.globalAlpha = 1;
  }
  pen.textAlign = index === 0 ? 'left' : index === last ? 'right' : 'center';
  const at = index === 0 ? 4 : index === last ? x + SIDE - 4 : x;
  pen.fillStyle = colour('text');
  pen.fillText(name.length > 16 ? `${name.slice(0, 15)}…` : name, at, index % 2 === 0 ? 11 : 25);
  pen.fillStyle = colour('muted');
  pen.fillText(high, at, TOP - 6);
  pen.fillText(low, at, HEIGHT - 8);
}

function followDrag(canvas, { axisAt, shareAt, onRange }) {
  let from = null;
  const clamp = (share) => Math.min(1, Math.max(0, share));
  canvas.addEventListener('pointerdown', (event) => {
    const name = axisAt(event.offsetX);
    if (name === undefined) return;
    from = { name, share: clamp(shareAt(event.offsetY)) };
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener('pointermove', (event) => {
    if (from === null) return;
    const to = clamp(shareAt(event.offsetY));
    onRange(from.name, Math.min(from.share, to), Math.max(from.share, to));
  });
  canvas.addEventListener('pointerup', () => {
    from = null;
  });
}
