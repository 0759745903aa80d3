/** Keeps connections: every address we were told is dialled again, with growing pauses, as long as it is not connected. */
import { errorMessage } from '../../runtime/errors.js';
import type { ActorContext } from '../../runtime/system/actor.js';
import type { NetworkPort } from './port.js';

interface Target {
  readonly address: string;
  /** From `/p2p/...` in the address, or learnt by connecting. */
  peerId: string | null;
  failures: number;
  nextAttemptAt: number;
  dialling: boolean;
  /** Configured addresses are tried for ever, announced ones are given up. */
  readonly isPermanent: boolean;
}

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;
const MAX_ANNOUNCED_FAILURES = 6;
const MAX_TARGETS = 512;

export class Dialer {
  readonly #ctx: ActorContext;
  readonly #port: NetworkPort;
  readonly #targets = new Map<string, Target>();

  constructor(ctx: ActorContext, port: NetworkPort) {
    this.#ctx = ctx;
    this.#port = port;
  }

  /** Remembers the address and tries it at once. */
  add(address: string, isPermanent: boolean): void {
    const peerId = /\/p2p\/([^/]+)$/.exec(address)?.[1] ?? null;
    if (peerId === this.#port.peerId || this.#targets.has(address) || this.#targets.size >= MAX_TARGETS) return;
    this.#targets.set(address, { address, peerId, failures: 0, nextAttemptAt: 0, dialling: false, isPermanent });
    this.tick();
  }

  /** Dials what is due. Called on a timer. */
  tick(): void {
    const connected = new Set(this.#port.peers().map((peer) => peer.peerId));
    const now = this.#ctx.monotonic();
    for (const target of this.#targets.values()) {
      const isConnected = target.peerId !== null && connected.has(target.peerId);
      if (!isConnected && !target.dialling && now >= target.nextAttemptAt) void this.#dial(target);
    }
  }

  async #dial(target: Target): Promise<void> {
    target.dialling = true;
    try {
      target.peerId = await this.#port.dial(target.address);
      target.failures = 0;
      // A peer that hangs up at once must not be dialled in a tight loop.
      target.nextAttemptAt = this.#ctx.monotonic() + FIRST_PAUSE_MS;
    } catch (error) {
      target.failures += 1;
      const pauseMs = Math.min(FIRST_PAUSE_MS * (1 << Math.min(target.failures - 1, 10)), LONGEST_PAUSE_MS);
      target.nextAttemptAt = this.#ctx.monotonic() + pauseMs * this.#jitter();
      this.#ctx.log.debug('dial failed', { address: target.address, error: errorMessage(error) });
      if (!target.isPermanent && target.failures >= MAX_ANNOUNCED_FAILURES) this.#targets.delete(target.address);
    } finally {
      target.dialling = false;
    }
  }

  /** 0.75 to 1.25, so that nodes that lost each other at once do not dial in step. */
  #jitter(): number {
    return 0.75 + ((this.#ctx.randomBytes(1)[0] ?? 0) / 255) * 0.5;
  }
}
