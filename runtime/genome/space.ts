/**
 * Search spaces and genomes. A genome travels and is hashed as an array of safe integers, one per parameter in the
 * order of the space, so that every machine agrees on it to the bit:
 *   int          the value itself
 *   float        the value in 1e-9 units (`nano`)
 *   categorical  the index of the choice
 * Bounds are part of the domain's definition in the genesis file and are checked before anything is allocated.
 */

export type ParameterSpec =
  | { readonly name: string; readonly kind: 'int'; readonly low: number; readonly high: number; readonly log?: boolean }
  /** `low` and `high` in nano units, so that the definition itself holds no floats. */
  | {
      readonly name: string;
      readonly kind: 'float';
      readonly low: number;
      readonly high: number;
      readonly log?: boolean;
    }
  | { readonly name: string; readonly kind: 'categorical'; readonly choices: readonly string[] };

export type Space = readonly ParameterSpec[];
/** One safe integer per parameter of the space. */
export type Genome = readonly number[];
/** The same genome as a trainer reads it: floats as floats, choices as their text. */
export type GenomeValues = Readonly<Record<string, number | string>>;

export const NANO = 1_000_000_000;

export type GenomeVerdict = { readonly ok: true } | { readonly ok: false; readonly reason: string };

/** Length, integrality and bounds. The reason names the parameter, the value and the allowed range. */
export function checkGenome(space: Space, genome: Genome): GenomeVerdict {
  if (genome.length !== space.length) {
    return {
      ok: false,
      reason: `genome has ${genome.length} values, the domain's space has ${space.length} parameters`,
    };
  }
  // Counted, not iterated: every step of every search goes through here.
  for (let index = 0; index < space.length; index += 1) {
    const parameter = space[index] as ParameterSpec;
    const value = genome[index];
    const [low, high] = integerRange(parameter);
    if (!Number.isSafeInteger(value) || value === undefined || value < low || value > high) {
      return { ok: false, reason: `${parameter.name} = ${value} is outside ${low}..${high}` };
    }
  }
  return { ok: true };
}

/** The inclusive range of a parameter's integer form. */
export function integerRange(parameter: ParameterSpec): readonly [low: number, high: number] {
  return parameter.kind === 'categorical' ? [0, parameter.choices.length - 1] : [parameter.low, parameter.high];
}

/** Throws on a genome that `checkGenome` refuses: callers check first. */
export function decodeGenome(space: Space, genome: Genome): GenomeValues {
  const verdict = checkGenome(space, genome);
  if (!verdict.ok) throw new RangeError(verdict.reason);
  return Object.fromEntries(
    space.map((parameter, index) => [parameter.name, decodeValue(parameter, genome[index] as number)]),
  );
}

function decodeValue(parameter: ParameterSpec, value: number): number | string {
  switch (parameter.kind) {
    case 'int':
      return value;
    case 'float':
      return value / NANO;
    case 'categorical':
      return parameter.choices[value] as string;
  }
}

/** The inverse of `decodeGenome`; floats are rounded to the nearest nano unit and clamped to their bounds. */
export function encodeGenome(space: Space, values: GenomeValues): Genome {
  return space.map((parameter) => {
    const value = values[parameter.name];
    if (parameter.kind === 'categorical') {
      const index = parameter.choices.indexOf(String(value));
      if (index < 0) throw new RangeError(`${parameter.name} = ${value} is none of ${parameter.choices.join(', ')}`);
      return index;
    }
    if (typeof value !== 'number' || !Number.isFinite(value)) {
      throw new RangeError(`${parameter.name} = ${value} is not a finite number`);
    }
    const integer = Math.round(parameter.kind === 'float' ? value * NANO : value);
    // Adding zero turns the minus zero of small negative floats into zero.
    return Math.min(parameter.high, Math.max(parameter.low, integer)) + 0;
  });
}
