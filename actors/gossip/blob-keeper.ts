/**
 * Keeps the disk bounded: a blob stays as long as somebody may need it, which is while it is a champion's or an open
 * optimum's of a domain that the node carries, and for a while after. This node's own candidates are younger than that when they get onto the chain.
 */
import { errorMessage } from '../../runtime/errors.js';
import type { BlobStore, StoredBlob } from '../../runtime/storage/blob-store.js';
import type { ActorContext } from '../../runtime/system/actor.js';
import { chain } from '../chain/messages.js';

/** Since it was written; also of a half-fetched one. */
export const KEPT_MS = 604_800_000;
/** Not needed ones, together; beyond it the oldest go earlier. */
export const MAX_IDLE_BYTES = 2_147_483_648;
/** Nothing goes earlier than this: a commitment's time to be revealed, and more. */
export const MIN_KEPT_MS = 14_400_000;

/** Those that can go. */
export function idleBlobs(stored: readonly StoredBlob[], needed: ReadonlySet<string>, nowMs: number): string[] {
  const idle = stored.filter(({ hash, writtenMs }) => !needed.has(hash) && nowMs - writtenMs >= MIN_KEPT_MS);
  idle.sort((a, b) => b.writtenMs - a.writtenMs);
  let keptBytes = 0;
  return idle.flatMap(({ hash, sizeBytes, writtenMs }) => {
    const stays = nowMs - writtenMs < KEPT_MS && keptBytes + sizeBytes <= MAX_IDLE_BYTES;
    if (stays) keptBytes += sizeBytes;
    return stays ? [] : [hash];
  });
}

/** To be called now and then. */
export async function dropIdleBlobs(ctx: ActorContext, store: BlobStore, carried: readonly string[]): Promise<void> {
  try {
    const [{ domains }, { optimae }] = await Promise.all([
      ctx.ask(chain.getStatus, {}),
      ctx.ask(chain.getOpenOptimae, {}),
    ]);
    const blobs = [
      ...domains.filter(({ domainId }) => carried.includes(domainId)).map(({ champion }) => champion?.blob),
      ...optimae.filter(({ domain }) => carried.includes(domain)).map(({ blob }) => blob),
    ];
    const needed = new Set(blobs.flatMap((blob) => blob?.hash ?? []));
    const idle = idleBlobs(await store.list(), needed, ctx.now());
    for (const hash of idle) await store.remove(hash);
    if (idle.length > 0) ctx.log.info('blobs dropped that nobody needs', { blobs: idle.length });
  } catch (error) {
    ctx.log.warn('blobs not looked through', { error: errorMessage(error) });
  }
}
