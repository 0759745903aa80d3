// The plot of a domain: every trial as a dot, the best of this node and the verified best of the network as steps.
import { colour, onThemeChange } from './colours.js';
import { element } from './dom.js';
import { convergenceColumns, focusedRange } from './series.js';
import { countText, performanceText } from './text.js';
import uPlot from './vendor/uplot.js';

/**
 * @param {{ height: number }} options
 * @returns {{ root: HTMLElement, update: (convergence: any, options: { domain: any, axis: 'time' | 'round', whole: boolean }) => void, close: () => void }}
 */
export function convergencePlot({ height }) {
  const plot = element('div', { class: 'plot', role: 'img' });
  const root = element('figure', { class: 'convergence' }, plot, legend());
  /** @type {uPlot | null} */
  let chart = null;
  let axis = '';
  let range = [0, 1];
  const width = () => Math.max(240, plot.clientWidth || root.clientWidth || 600);
  const resize = new ResizeObserver(() => chart?.setSize({ width: width(), height }));
  resize.observe(plot);
  const release = onThemeChange(() => chart?.redraw(false));

  function update(convergence, { domain, axis: wanted, whole }) {
    const maximize = domain.direction === 'maximize';
    const columns = convergenceColumns(convergence, { maximize, axis: wanted, nowMs: Date.now() });
    range = whole ? null : focusedRange(columns, maximize);
    if (chart === null || axis !== wanted) {
      chart?.destroy();
      axis = wanted;
      chart = new uPlot(
        optionsOf({ width: width(), height, axis, rangeOf: (low, high) => range ?? [low, high] }),
        columns,
        plot,
      );
    } else chart.setData(columns);
    const label = `${domain.domain_id}: ${countText(convergence.total)} trials, verified best ${performanceText(domain.best_performance)}, best claimed here ${performanceText(domain.local?.best_performance)}`;
    plot.setAttribute('aria-label', label);
  }

  return {
    root,
    update,
    close() {
      resize.disconnect();
      release();
      chart?.destroy();
    },
  };
}

function legend() {
  const entry = (name, text) =>
    element('li', null, element('span', { class: `swatch ${name}`, 'aria-hidden': 'true' }), text);
  return element(
    'figcaption',
    null,
    element(
      'ul',
      { class: 'legend' },
      entry('trial', 'trial of this node'),
      entry('claimed', 'best measured here'),
      entry('verified', 'verified by the network'),
    ),
  );
}

function optionsOf({ width, height, axis, rangeOf }) {
  const lines = {
    stroke: () => colour('muted'),
    grid: { stroke: () => colour('grid'), width: 1 },
    ticks: { show: false },
    font: '12px system-ui, sans-serif',
  };
  const stepped = uPlot.paths.stepped({ align: 1 });
  return {
    width,
    height,
    padding: [8, 8, 0, 0],
    legend: { show: false },
    cursor: { points: { size: 6 }, drag: { x: true, y: false } },
    scales: { x: { time: axis === 'time' }, y: { range: (_, low, high) => rangeOf(low, high) } },
    axes: [
      {
        ...lines,
        size: 28,
        ...(axis === 'time'
          ? { values: clockValues }
          : { values: (_, ticks) => ticks.map((tick) => (Number.isInteger(tick) ? countText(tick) : '')) }),
      },
      { ...lines, size: 56, values: (_, ticks) => ticks.map((tick) => String(Number(tick.toPrecision(6)))) },
    ],
    series: [
      {},
      {
        stroke: () => colour('trial'),
        fill: () => colour('trial'),
        paths: () => null,
        points: { show: true, size: 4, width: 0, fill: () => colour('trial') },
      },
      { stroke: () => colour('claimed'), width: 2, paths: stepped, points: { show: false } },
      { stroke: () => colour('verified'), width: 2.5, paths: stepped, points: { show: false } },
    ],
  };
}

/** Hours and minutes; seconds only where ticks are closer than a minute. */
function clockValues(_, ticks) {
  const close = ticks.length > 1 && ticks[1] - ticks[0] < 60;
  const options = { hour: '2-digit', minute: '2-digit', hour12: false, ...(close && { second: '2-digit' }) };
  return ticks.map((tick) => new Date(tick * 1000).toLocaleTimeString([], options));
}
