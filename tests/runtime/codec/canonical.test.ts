import { isDeepStrictEqual } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { fromHex, toHex } from '../../../runtime/codec/bytes.js';
import {
  array,
  bytes,
  type Codec,
  decode,
  encode,
  hex,
  i54,
  integer,
  nullable,
  struct,
  text,
  tryDecode,
  u8,
  u32,
  u53,
  u64,
  variant,
} from '../../../runtime/codec/canonical.js';
import { mutations } from '../../kit/arbitraries.js';

/** A schema together with what it can hold. */
interface Case {
  readonly codec: Codec<unknown>;
  readonly values: fc.Arbitrary<unknown>;
}
const caseOf = <T>(codec: Codec<T>, values: fc.Arbitrary<T>): Case => ({ codec: codec as Codec<unknown>, values });

const SAFE = Number.MAX_SAFE_INTEGER;
/** Values around every border of msgpack's integer forms, and any other. */
const safeIntegers = (low: number, high: number) => {
  const borders = [-1, 0, 31, 32, 33, 127, 128, 129, 255, 256, 32_767, 32_768, 65_535, 65_536, 2 ** 31, 2 ** 32, SAFE];
  const inside = [...borders, ...borders.map((border) => -border - 1), low, high].filter(
    (value) => value >= low && value <= high,
  );
  return fc.oneof(fc.constantFrom(...inside), fc.integer({ min: low, max: high })).map((value) => value + 0);
};
const wellFormed = fc.string({ unit: 'binary', maxLength: 80 });

const leaves: fc.Arbitrary<Case> = fc.oneof(
  fc.constant(caseOf(u8, safeIntegers(0, 255))),
  fc.constant(caseOf(u32, safeIntegers(0, 0xffff_ffff))),
  fc.constant(caseOf(u53, safeIntegers(0, SAFE))),
  fc.constant(caseOf(i54, safeIntegers(-SAFE, SAFE))),
  fc.constant(caseOf(u64, fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }))),
  fc
    .tuple(fc.integer(), fc.nat(1_000_000))
    .map(([low, size]) => caseOf(integer(low, low + size), safeIntegers(low, low + size))),
  fc
    .tuple(fc.nat(300), fc.nat(300))
    .map(([minimum, extra]) =>
      caseOf(bytes(minimum, minimum + extra), fc.uint8Array({ minLength: minimum, maxLength: minimum + extra })),
    ),
  fc
    .integer({ min: 1, max: 64 })
    .map((length) => caseOf(hex(length), fc.uint8Array({ minLength: length, maxLength: length }).map(toHex))),
  fc.constant(caseOf(text(400), wellFormed)),
);

const cases: fc.Arbitrary<Case> = fc.letrec<{ node: Case }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 2 },
    leaves,
    tie('node').map((item) => caseOf(array(item.codec, 20), fc.array(item.values, { maxLength: 20, size: 'small' }))),
    tie('node').map((item) => caseOf(nullable(item.codec), fc.option(item.values, { nil: null, freq: 2 }))),
    fc.array(tie('node'), { minLength: 1, maxLength: 5 }).map((fields) =>
      caseOf(
        struct(Object.fromEntries(fields.map(({ codec }, index) => [`field${index}`, codec]))),
        fc.record(Object.fromEntries(fields.map(({ values }, index) => [`field${index}`, values])), {
          noNullPrototype: true,
        }),
      ),
    ),
    fc.tuple(tie('node'), tie('node')).map(([a, b]) =>
      caseOf(
        variant({ a: [0, struct({ value: a.codec })], b: [200, struct({ value: b.codec })] }) as Codec<unknown>,
        fc.oneof(
          a.values.map((value): unknown => ({ type: 'a', value })),
          b.values.map((value): unknown => ({ type: 'b', value })),
        ),
      ),
    ),
  ),
})).node;

/** What is accepted has one form only. */
function isCanonical(codec: Codec<unknown>, input: Uint8Array): boolean {
  const result = tryDecode(codec, input);
  return !result.ok || toHex(encode(codec, result.value)) === toHex(input);
}

test('every value of every schema survives encoding and decoding', (t) => {
  fc.assert(
    fc.property(
      cases.chain((entry) => fc.tuple(fc.constant(entry), entry.values)),
      ([{ codec }, value]) => {
        return isDeepStrictEqual(decode(codec, encode(codec, value)), value);
      },
    ),
    { numRuns: 2_000, seed: 1 },
  );
  t.pass();
});

test('lengths around every border of the array, bytes and text forms survive', (t) => {
  for (const length of [0, 15, 16, 31, 32, 255, 256, 65_535, 65_536, 70_000]) {
    t.is(decode(array(u8, 70_000), encode(array(u8, 70_000), new Array<number>(length).fill(1))).length, length);
    t.is(decode(bytes(0, 70_000), encode(bytes(0, 70_000), new Uint8Array(length))).length, length);
    t.is(decode(text(70_000), encode(text(70_000), 'x'.repeat(length))).length, length);
  }
  t.is(
    decode(
      struct(Object.fromEntries([...Array(20).keys()].map((key) => [`f${key}`, u8]))),
      fromHex(`dc0014${'07'.repeat(20)}`),
    ).f19,
    7,
  );
});

test('changed bytes of any schema are refused or are the canonical form of another value', (t) => {
  fc.assert(
    fc.property(
      cases.chain((entry) => fc.tuple(fc.constant(entry), entry.values)),
      mutations,
      ([{ codec }, value], mutate) => isCanonical(codec, mutate(encode(codec, value))),
    ),
    { numRuns: 4_000, seed: 2 },
  );
  t.pass();
});

test('random bytes are refused or canonical under any schema', (t) => {
  fc.assert(
    fc.property(cases, fc.uint8Array({ maxLength: 60 }), ({ codec }, input) => isCanonical(codec, input)),
    { numRuns: 4_000, seed: 3 },
  );
  t.pass();
});

const everything: readonly (readonly [string, Codec<unknown>])[] = [
  ['integer', i54],
  ['u64', u64],
  ['bytes', bytes(0, 2 ** 32)],
  ['hex', hex(1)],
  ['text', text(2 ** 32)],
  ['array', array(u8, 2 ** 32)],
  ['struct', struct({ a: u8 })],
  ['nullable', nullable(u8)],
  ['variant', variant({ a: [0, struct({ b: u8 })] })],
];

function refusedByAll(t: ExecutionContext, hexText: string): void {
  for (const [name, codec] of everything) {
    const result = tryDecode(codec, fromHex(hexText));
    t.false(result.ok, `${name} took ${hexText}`);
  }
}

const foreign: readonly (readonly [string, readonly string[]])[] = [
  ['nil', ['c0']],
  ['the byte that msgpack never uses', ['c1']],
  ['booleans', ['c2', 'c3']],
  ['floats', ['ca00000000', 'ca7fc00000', 'cb0000000000000000', 'cb3ff0000000000000', 'cb7ff0000000000000']],
  ['maps', ['80', '81a16101', 'de0000', 'df00000000']],
  ['extensions', ['d400ff', 'd500ffff', 'd6ff00000000', 'd7ff0000000000000000', `d8${'00'.repeat(17)}`, 'c70000']],
  ['nothing', ['']],
];
for (const [name, inputs] of foreign) {
  test(`${name}: refused wherever a value is expected`, (t) => {
    for (const input of inputs) {
      refusedByAll(t, input);
      t.false(tryDecode(array(u8, 3) as Codec<unknown>, fromHex(`91${input}`)).ok, 'as an element');
    }
  });
}

test('longer than necessary forms of a value are refused', (t) => {
  const refused: readonly (readonly [Codec<unknown>, string])[] = [
    ...[
      'cc00',
      'cc7f',
      'cd0001',
      'cd00ff',
      'ce00000001',
      'ce0000ffff',
      'cf0000000000000001',
      'cf00000000ffffffff',
    ].flatMap((input) => [i54, u53, u64].map((codec) => [codec as Codec<unknown>, input] as const)),
    ...[
      'd07f',
      'd001',
      'd0ff',
      'd0e0',
      'd10001',
      'd1ff80',
      'd200000001',
      'd2ffff8000',
      'd3ffffffff80000000',
      'd30000000000000001',
    ].map((input) => [i54, input] as const),
    [bytes(0, 99), 'c50001aa'],
    [bytes(0, 99), 'c600000001aa'],
    [text(99), 'd90161'],
    [text(99), `d91f${'61'.repeat(31)}`],
    [text(99), 'da000161'],
    [text(99), 'db0000000161'],
    [array(u8, 99), 'dc000101'],
    [array(u8, 99), `dc000f${'01'.repeat(15)}`],
    [array(u8, 99), 'dd0000000101'],
    [struct({ a: u8 }), 'dc000101'],
    [nullable(u8), 'dc0000'],
    [variant({ a: [0, struct({ b: u8 })] }), '92cc009101'],
  ];
  for (const [codec, input] of refused) t.false(tryDecode(codec, fromHex(input)).ok, input);
  t.is(decode(u53, fromHex('cc80')), 128);
  t.is(decode(i54, fromHex('d0df')), -33);
});

test('integers outside the schema are refused on both ways', (t) => {
  const small = integer(-5, 5);
  for (const outside of [-6, 6, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
    t.throws(() => encode(small, outside), { instanceOf: RangeError });
  }
  t.false(tryDecode(small, encode(i54, 6)).ok);
  t.false(tryDecode(small, encode(i54, -6)).ok);
  t.false(tryDecode(u53, fromHex('cf0020000000000000')).ok, '2^53 is not safe');
  t.false(tryDecode(i54, fromHex('d3ffe0000000000000')).ok, '-2^53 is not safe');
  t.throws(() => encode(u64, 1n << 64n), { instanceOf: RangeError });
  t.throws(() => encode(u64, -1n), { instanceOf: RangeError });
});

test('a length of 4 GiB is refused before anything of that size is allocated', (t) => {
  const usedBytes = () => {
    const { heapUsed, external, arrayBuffers } = process.memoryUsage();
    return heapUsed + external + arrayBuffers;
  };
  const before = usedBytes();
  const announced: readonly (readonly [Codec<unknown>, string])[] = [
    [bytes(0, 2 ** 32), 'c6ffffffff'],
    [text(2 ** 32), 'dbffffffff'],
    [array(u8, 2 ** 32), 'ddffffffff'],
    [array(array(u8, 2 ** 32), 2 ** 32), '91ddffffffff'],
  ];
  for (let round = 0; round < 1_000; round += 1) {
    for (const [codec, input] of announced) t.false(tryDecode(codec, fromHex(`${input}0102`)).ok);
  }
  t.true(usedBytes() - before < 256 * 1024 * 1024);
});

test('nesting is bounded by the schema, not by the sender', (t) => {
  const deep = `${'91'.repeat(100_000)}01`;
  t.false(tryDecode(array(array(u8, 5), 5) as Codec<unknown>, fromHex(deep)).ok);
});

test('text that is not UTF-8, overlong or half a surrogate pair is refused', (t) => {
  for (const raw of ['ff', 'c080', 'c3', 'e28220', 'eda080', 'edbfbf', 'f4908080', 'f8888080']) {
    t.false(tryDecode(text(99), fromHex(`a${raw.length / 2}${raw}`)).ok, raw);
  }
  for (const value of ['\ud800', 'a\udc00b', '\udc00\ud800']) {
    t.throws(() => encode(text(99), value), { instanceOf: RangeError });
  }
  for (const value of ['\ufeffwith a mark', '\u0000', '😀', 'e\u0301', '\u00e9']) {
    t.is(decode(text(99), encode(text(99), value)), value, 'kept to the code point');
  }
});

test('text is limited in bytes, not in characters', (t) => {
  t.throws(() => encode(text(3), '😀'), { instanceOf: RangeError });
  t.false(tryDecode(text(3), encode(text(4), '😀')).ok);
});

test('bytes after the value are refused', (t) => {
  t.false(tryDecode(u8, fromHex('0101')).ok);
  t.false(tryDecode(struct({ a: u8 }) as Codec<unknown>, fromHex('910100')).ok);
});

test('a struct takes exactly its number of fields, and a variant only its tags', (t) => {
  const pair = struct({ a: u8, b: u8 });
  t.deepEqual(decode(pair, fromHex('920102')), { a: 1, b: 2 });
  for (const input of ['9101', '93010203']) t.false(tryDecode(pair, fromHex(input)).ok);
  const union = variant({ a: [0, struct({ b: u8 })] });
  t.deepEqual(decode(union, fromHex('92009101')), { type: 'a', b: 1 });
  for (const input of ['92019101', '9100', '9300910100', '92cd01009101']) t.false(tryDecode(union, fromHex(input)).ok);
});

test('hex is lower case and of its length', (t) => {
  for (const value of ['', 'AB', 'a', 'abcd', 'zz', '0x'])
    t.throws(() => encode(hex(1), value), { instanceOf: RangeError });
});

test('a view into a larger buffer decodes like a copy of it', (t) => {
  const codec = struct({ a: bytes(0, 9), b: u53 });
  const encoded = encode(codec, { a: fromHex('010203'), b: 70_000 });
  const larger = Uint8Array.of(9, 9, 9, ...encoded, 9, 9);
  const decoded = decode(codec, larger.subarray(3, 3 + encoded.length));
  t.deepEqual(decoded, { a: fromHex('010203'), b: 70_000 });
  larger.fill(0);
  t.deepEqual(decoded.a, fromHex('010203'), 'nothing decoded points into the input');
});
