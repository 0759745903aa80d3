/**
 * Which optima and which block a message is about, read from its payload. Most messages name them in fields called
 * `optimum`, `hash` and `height`; the table knows the few that do not. Bytes are not decoded: their
 * senders put the message into the right story (story-id.ts).
 */
export interface Subjects {
  /** Ids of the optima it names; a block names several. */
  readonly optima: readonly string[];
  readonly block: string | null;
  readonly height: number | null;
}

type Fields = Readonly<Record<string, unknown>>;

const NO_OPTIMA: readonly string[] = [];
const NOTHING: Subjects = { optima: NO_OPTIMA, block: null, height: null };
const ID = /^[0-9a-f]{64}$/;
const ID_INSIDE = /[0-9a-f]{64}/;
/** A block of this many records is enough to read; a longer one may come from a stranger. */
const MAX_RECORDS = 1024;

/** By message name, `role.kind`. */
const READERS: Readonly<Record<string, (payload: Fields) => Subjects>> = {
  'chain.submit': ({ body }) => named(body),
  'chain.transactionAccepted': ({ transaction }) => named(isFields(transaction) ? transaction.body : null),
  'chain.blockApplied': (block) => ({ ...named(block), optima: ofRecords(block.records) }),
  // Its hash is that of weights.
  'gossip.blobReceived': () => NOTHING,
  'task-queue.run': inTaskId,
  'task-queue.cancel': inTaskId,
  'task-queue.started': inTaskId,
  'task-queue.progress': inTaskId,
  'task-queue.finished': inTaskId,
};

/** `name` is `role.kind` of the role whose catalogue the message is from. */
export function subjectsOf(name: string, payload: unknown): Subjects {
  if (!isFields(payload)) return NOTHING;
  return (READERS[name] ?? named)(payload);
}

function named(payload: unknown): Subjects {
  if (!isFields(payload)) return NOTHING;
  const optimum = idOf(payload.optimum);
  const block = idOf(payload.hash);
  const height = typeof payload.height === 'number' ? payload.height : null;
  if (optimum === null && block === null && height === null) return NOTHING;
  return { optima: optimum === null ? NO_OPTIMA : [optimum], block, height };
}

function ofRecords(records: unknown): readonly string[] {
  if (!Array.isArray(records)) return NO_OPTIMA;
  const optima = new Set<string>();
  for (const record of records.slice(0, MAX_RECORDS)) {
    const optimum = isFields(record) ? idOf(record.optimum) : null;
    if (optimum !== null) optima.add(optimum);
  }
  return optima.size === 0 ? NO_OPTIMA : [...optima];
}

/** `confirm:<optimum>`, `<optimum>:<seat>`, `benchmark:<optimum>`; a search run has no optimum in its name. */
function inTaskId({ taskId }: Fields): Subjects {
  const optimum = typeof taskId === 'string' ? ID_INSIDE.exec(taskId)?.[0] : undefined;
  return optimum === undefined ? NOTHING : { ...NOTHING, optima: [optimum] };
}

function idOf(value: unknown): string | null {
  return typeof value === 'string' && value.length === 64 && ID.test(value) ? value : null;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null;
}
