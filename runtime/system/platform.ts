/**
 * Everything the actor system takes from the machine: time, timers, randomness, "later". One object, so that a
 * simulation can put a virtual clock and a seed in its place without touching a cell, a mailbox or an actor.
 */
import { randomBytes } from 'node:crypto';
import { setImmediate as nextTurnOfLoop } from 'node:timers/promises';
import type { Cancel } from './actor.js';

/** setTimeout fires at once above this (a 32-bit count of milliseconds, 24.8 days), so longer delays are cut to it. */
const LONGEST_TIMER_MS = 2_147_483_647;

/** Microtasks granted before "later" means the next event-loop turn, so that chatting actors cannot starve I/O. */
const MICROTASKS_PER_TURN = 512;

export interface Platform {
  /** Wall clock, milliseconds since the epoch. */
  now(): number;
  /** Monotonic milliseconds, for durations. */
  monotonic(): number;
  /** Milliseconds since the epoch with fractions, equal on all threads of the process and never stepping back. */
  stamp(): number;
  randomBytes(length: number): Uint8Array;
  setTimer(delayMs: number, callback: () => void): Cancel;
  /** Runs a task soon, after the current one, keeping the order of the calls. */
  defer(task: () => void): void;
}

/** The instant the process's shared clock counts from; handed to every thread by main. */
export interface ClockBase {
  readonly epochMs: number;
  readonly hrtimeNs: bigint;
}

export function newClockBase(): ClockBase {
  return { epochMs: Date.now(), hrtimeNs: process.hrtime.bigint() };
}

export function machinePlatform(base: ClockBase): Platform {
  // performance.now() counts from a different instant on each thread; hrtime does not. A wall clock that is set while
  // the node runs must not make deadlines fire early, so wall time is read once, by main.
  const offsetMs = base.epochMs + Number(process.hrtime.bigint() - base.hrtimeNs) / 1e6 - performance.now();
  return {
    now: Date.now,
    monotonic: () => performance.now(),
    stamp: () => offsetMs + performance.now(),
    randomBytes: (length) => new Uint8Array(randomBytes(length)),
    setTimer: (delayMs, callback) => {
      const timer = setTimeout(callback, Math.min(delayMs, LONGEST_TIMER_MS));
      return () => clearTimeout(timer);
    },
    defer: boundedMicrotasks(),
  };
}

function boundedMicrotasks(): (task: () => void) => void {
  let left = MICROTASKS_PER_TURN;
  let waiting: (() => void)[] = [];
  let turnArmed = false;
  const nextTurn = () => {
    turnArmed = false;
    left = MICROTASKS_PER_TURN;
    const tasks = waiting;
    waiting = [];
    for (const task of tasks) queueMicrotask(task);
  };
  return (task) => {
    if (!turnArmed) {
      turnArmed = true;
      setImmediate(nextTurn);
    }
    if (left > 0) {
      left -= 1;
      queueMicrotask(task);
    } else {
      waiting.push(task);
    }
  };
}

/**
 * Resolves when everything that lay in this thread's ports has been read. One turn of the loop reads the ports one after
 * another; the second turn is for what came into a port that was passed already.
 */
export async function portsRead(): Promise<void> {
  await nextTurnOfLoop();
  await nextTurnOfLoop();
}
