// Talks to the node that served this page, and to nobody else.

const RECONNECT_MS = 2000;

/** @param {string} path @param {Record<string, string | number | boolean>} [query] */
export async function getJson(path, query) {
  const text =
    query === undefined
      ? ''
      : `?${new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)]))}`;
  const response = await fetch(`${path}${text}`);
  if (response.ok) return response.json();
  const problem = await response.json().catch(() => ({}));
  throw new Error(problem.detail ?? `${path}: ${response.status}`);
}

/**
 * JSON frames of a stream, connected again whenever it breaks. `state` hears `open` and `closed`.
 * @param {() => string} path of each connection @param {(frame: any) => void} onFrame @param {(state: 'open' | 'closed') => void} [state]
 * @returns {() => void} ends it
 */
export function follow(path, onFrame, state = () => undefined) {
  let ended = false;
  /** @type {WebSocket | undefined} */
  let socket;
  const connect = () => {
    if (ended) return;
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
    socket = new WebSocket(`${scheme}://${location.host}${path()}`);
    socket.addEventListener('open', () => state('open'));
    socket.addEventListener('message', ({ data }) => onFrame(JSON.parse(data)));
    socket.addEventListener('close', () => {
      state('closed');
      if (!ended) setTimeout(connect, RECONNECT_MS);
    });
  };
  connect();
  return () => {
    ended = true;
    socket?.close();
  };
}
