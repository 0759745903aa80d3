/** What both ports do with a request and with a message from outside: rate limit, judge, blame, count. */
import { DoinError, errorMessage } from '../../runtime/errors.js';
import type { Logger } from '../../runtime/system/actor.js';
import { isRefusalCode, type RefusalCode } from './conduct.js';
import { Gcra } from './gcra.js';
import { RESPONSE_STATUS, type Respond, type RespondLimits, type Validate, type Validation } from './port.js';

export interface ResponderModules {
  readonly log: Logger;
  now(): number;
  refuse(peerId: string, code: RefusalCode): void;
}

interface Responder {
  readonly respond: Respond;
  readonly limits: RespondLimits;
  readonly rate: Gcra;
}

export class Responders {
  readonly #modules: ResponderModules;
  readonly #byProtocol = new Map<string, Responder>();

  constructor(modules: ResponderModules) {
    this.#modules = modules;
  }

  add(protocol: string, respond: Respond, limits: RespondLimits): void {
    this.#byProtocol.set(protocol, { respond, limits, rate: new Gcra(limits) });
  }

  get(protocol: string): Responder | undefined {
    return this.#byProtocol.get(protocol);
  }

  protocols(): IterableIterator<string> {
    return this.#byProtocol.keys();
  }

  /** The whole answer: a status byte, then the body. Never throws. */
  async answer(protocol: string, from: string, request: Uint8Array): Promise<Uint8Array> {
    const responder = this.#byProtocol.get(protocol);
    if (responder === undefined) return Uint8Array.of(RESPONSE_STATUS.refused);
    if (!responder.rate.allow(from, this.#modules.now())) {
      this.#modules.refuse(from, 'rate-limited');
      return Uint8Array.of(RESPONSE_STATUS.rateLimited);
    }
    try {
      const body = await responder.respond(request, from);
      const answer = new Uint8Array(1 + body.length);
      answer[0] = RESPONSE_STATUS.ok;
      answer.set(body, 1);
      return answer;
    } catch (error) {
      const blame = blameFor(error);
      this.#modules.refuse(from, blame);
      if (blame !== 'handler-failed') return Uint8Array.of(RESPONSE_STATUS.refused);
      this.#modules.log.warn('request not answered', { protocol, from, error: errorMessage(error) });
      return Uint8Array.of(RESPONSE_STATUS.failed);
    }
  }

  /** A validator that fails says `ignore`: our fault must neither spread the message nor blame the sender. */
  async judge(validate: Validate, bytes: Uint8Array, from: string): Promise<Validation> {
    try {
      return await validate(bytes, from);
    } catch (error) {
      this.#modules.refuse(from, 'handler-failed');
      this.#modules.log.warn('message not judged', { from, error: errorMessage(error) });
      return 'ignore';
    }
  }
}

/** The offence an error stands for; errors that are no offence are ours. */
export function blameFor(error: unknown): RefusalCode {
  return error instanceof DoinError && isRefusalCode(error.code) ? error.code : 'handler-failed';
}
