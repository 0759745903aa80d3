/** Task failures as typed errors. */
import { DoinError } from '../runtime/errors.js';
import type { TaskFailureCode } from './types.js';

export type TaskFailure = DoinError<{ readonly code: TaskFailureCode }>;

const CODES: Readonly<Record<TaskFailureCode, true>> = {
  'task-cancelled': true,
  'task-timeout': true,
  'task-memory': true,
  'task-crashed': true,
  'bad-genome': true,
  'bad-weights': true,
  'bad-input': true,
  'non-finite-result': true,
  'unknown-domain': true,
};

export function isTaskFailureCode(code: string): code is TaskFailureCode {
  return Object.hasOwn(CODES, code);
}

export function isTaskFailure(error: unknown): error is TaskFailure {
  return error instanceof DoinError && isTaskFailureCode(error.code);
}

export function taskFailure(code: TaskFailureCode, message: string, cause?: unknown): TaskFailure {
  return new DoinError({ code }, message, cause === undefined ? {} : { cause });
}
