/** Log lines travel to main as records; main decides what becomes of them, so a progress display can own the terminal. */
import type { Logger } from './actor.js';
import { currentStory } from './story.js';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface LogRecord {
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly level: Exclude<LogLevel, 'silent'>;
  readonly actor: string;
  readonly message: string;
  readonly traceId?: string;
  readonly fields?: Readonly<Record<string, unknown>>;
}

/** One threshold for all loggers of a thread, changeable while they are in use. */
export class LogThreshold {
  #rank: number;

  constructor(level: string) {
    this.#rank = rankOf(level);
  }

  set level(level: string) {
    this.#rank = rankOf(level);
  }

  passes(level: LogRecord['level']): boolean {
    return LOG_LEVELS.indexOf(level) >= this.#rank;
  }
}

/** pino's names are understood too. Unknown ones count as `info`: the config's schema has judged the name long before. */
function rankOf(level: string): number {
  const known = level === 'trace' ? 'debug' : level === 'fatal' ? 'error' : level;
  const rank = LOG_LEVELS.indexOf(known as LogLevel);
  return rank < 0 ? LOG_LEVELS.indexOf('info') : rank;
}

export function createLogger(
  actor: string,
  threshold: LogThreshold,
  now: () => number,
  write: (record: LogRecord) => void,
): Logger {
  const at = (level: LogRecord['level']) => (message: string, fields?: Record<string, unknown>) => {
    if (!threshold.passes(level)) return;
    const traceId = currentStory()?.traceId;
    const shown = fields === undefined ? undefined : printable(fields);
    write({
      time: now(),
      level,
      actor,
      message,
      ...(traceId === undefined ? {} : { traceId }),
      ...(shown === undefined ? {} : { fields: shown }),
    });
  };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** Errors and functions do not cross threads; in a log their text is what counts. */
function printable(fields: Record<string, unknown>): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(fields)) {
    if (value instanceof Error) result[key] = value.stack ?? value.message;
    else if (typeof value === 'function' || typeof value === 'symbol') result[key] = String(value);
    else result[key] = value;
  }
  return result;
}
