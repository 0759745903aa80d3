/** The definition of a domain on the wire: its bytes, and what must hold of it before anybody spends a thought on it. */
import type { DomainSpec } from '../../gpu-workers/types.js';
import { array, type Codec, i54, integer, struct, text, u8, u53, variant } from '../../runtime/codec/canonical.js';
import { NANO, PERFORMANCE_LIMIT } from '../../runtime/fixed/nano.js';
import type { ParameterSpec } from '../../runtime/genome/space.js';
import { LIMITS } from './limits.js';

/** `log` may be left out, which is not the same as false: the hash of a definition covers it as it was written. */
const ABSENT = 2;
const range = struct({ name: text(LIMITS.nameBytes), low: i54, high: i54, log: integer(0, ABSENT) });
const wireParameter = variant({
  int: [0, range],
  float: [1, range],
  categorical: [
    2,
    struct({ name: text(LIMITS.nameBytes), choices: array(text(LIMITS.nameBytes), LIMITS.choicesPerParameter) }),
  ],
});
const parameterCodec: Codec<ParameterSpec> = {
  write(writer, value) {
    if (value.kind === 'categorical') wireParameter.write(writer, { type: 'categorical', ...value });
    else
      wireParameter.write(writer, {
        ...value,
        type: value.kind,
        log: value.log === undefined ? ABSENT : Number(value.log),
      });
  },
  read(reader) {
    const wire = wireParameter.read(reader);
    if (wire.type === 'categorical') return { name: wire.name, kind: wire.type, choices: wire.choices };
    const { name, type: kind, low, high, log } = wire;
    return log === ABSENT ? { name, kind, low, high } : { name, kind, low, high, log: log === 1 };
  },
};

/** One of two values, as 0 or 1. */
function either<const T>(zero: T, one: T): Codec<T> {
  return {
    write: (writer, value) => u8.write(writer, value === one ? 1 : 0),
    read: (reader) => (integer(0, 1).read(reader) === 1 ? one : zero),
  };
}

export const domainSpecCodec: Codec<DomainSpec> = struct({
  domainId: text(LIMITS.domainIdBytes),
  module: text(LIMITS.moduleBytes),
  metric: text(LIMITS.nameBytes),
  direction: either('maximize', 'minimize'),
  space: array(parameterCodec, LIMITS.genomeValues),
  baselineNano: i54,
  incrementScaleNano: u53,
  toleranceFloorNano: u53,
  noiseNano: u53,
  synthetic: either(false, true),
  verification: either('exact', 'statistical'),
  weightNano: u53,
  limits: struct({ trainingSeconds: u53, memoryMb: u53, epochs: u53, batchSize: u53, blobBytes: u53 }),
});

/** The smallest step of performance that counts as a unit of work. Below it the work of one optimum leaves its range. */
export const MIN_INCREMENT_SCALE_NANO = 1_000_000;
/** Ten times a built-in domain: what a proposal may ask its voters for. */
const MAX_WEIGHT_NANO = 10_000_000_000;
/** Of domains whose results cannot be proved false. */
const MAX_STATISTICAL_WEIGHT_NANO = 500_000_000;

/** Null when the definition can be worked with, else what is wrong with it. */
export function faultOf(spec: DomainSpec): string | null {
  const { space, limits } = spec;
  const checks: readonly (readonly [fault: string, ok: boolean])[] = [
    ['bad-domain-id', /^[a-z0-9._-]+$/.test(spec.domainId)],
    ['bad-module', /^[\x21-\x7e]+$/.test(spec.module)],
    ['bad-metric', /^[\x21-\x7e]+$/.test(spec.metric)],
    ['bad-space', space.length > 0 && new Set(space.map(({ name }) => name)).size === space.length],
    ['bad-space', space.every(isUsable)],
    ['bad-baseline', Math.abs(spec.baselineNano) <= PERFORMANCE_LIMIT * NANO],
    ['bad-increment-scale', spec.incrementScaleNano >= MIN_INCREMENT_SCALE_NANO],
    ['bad-weight', spec.weightNano > 0 && spec.weightNano <= MAX_WEIGHT_NANO],
    ['bad-weight', spec.verification === 'exact' || spec.weightNano <= MAX_STATISTICAL_WEIGHT_NANO],
    ['bad-limits', isWithin(limits.trainingSeconds, LIMITS.trainingSeconds)],
    ['bad-limits', isWithin(limits.memoryMb, LIMITS.memoryMb)],
    ['bad-limits', isWithin(limits.epochs, LIMITS.epochs)],
    ['bad-limits', isWithin(limits.batchSize, LIMITS.batchSize)],
    ['bad-limits', limits.blobBytes <= LIMITS.blobBytes],
  ];
  return checks.find(([, ok]) => !ok)?.[0] ?? null;
}

function isUsable(parameter: ParameterSpec): boolean {
  if (parameter.name === '') return false;
  if (parameter.kind === 'categorical') {
    return parameter.choices.length > 0 && new Set(parameter.choices).size === parameter.choices.length;
  }
  return parameter.low <= parameter.high && (parameter.log !== true || parameter.low > 0);
}

function isWithin(value: number, highest: number): boolean {
  return value >= 1 && value <= highest;
}
