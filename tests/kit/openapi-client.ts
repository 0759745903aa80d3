/** A client made from an OpenAPI document: it calls every operation with parameters drawn from their schemas. */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import fc from 'fast-check';

interface Schema {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
}

interface Parameter {
  readonly name: string;
  readonly in: 'query' | 'path';
  readonly required?: boolean;
  readonly schema: Schema;
}

interface Answer {
  readonly content?: Readonly<Record<string, { readonly schema: object }>>;
}

interface Operation {
  readonly parameters?: readonly Parameter[];
  readonly responses: Readonly<Record<string, Answer>>;
}

export interface OpenApi {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

export interface Call {
  readonly url: string;
  readonly path: string;
  readonly operation: Operation;
}

/** Reads only: what changes something has tests of its own. */
export function readsOf(document: OpenApi): readonly (readonly [path: string, operation: Operation])[] {
  return Object.entries(document.paths).flatMap(([path, { get }]) => (get === undefined ? [] : [[path, get] as const]));
}

/** Right values, values of the right type, and nonsense. `known`: values that exist, by the name of the parameter. */
function parameterValue(
  { name, schema }: Parameter,
  known: Readonly<Record<string, readonly string[]>>,
): fc.Arbitrary<string> {
  const { minimum = -10, maximum = 10 } = schema;
  const right =
    schema.enum !== undefined
      ? fc.constantFrom(...schema.enum.map(String))
      : schema.type === 'integer'
        ? fc.integer({ min: minimum, max: Math.min(maximum, minimum + 60) }).map(String)
        : schema.pattern !== undefined
          ? fc.stringMatching(new RegExp(schema.pattern))
          : fc.string({ minLength: 1 });
  return fc.oneof(
    { weight: 4, arbitrary: right },
    { weight: 4, arbitrary: known[name] === undefined ? right : fc.constantFrom(...known[name]) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 300 }) },
    {
      weight: 1,
      arbitrary: fc.constantFrom('', '-1', '0', '9007199254740993', '1e999', 'NaN', "' OR 1=1 --", '../..'),
    },
  );
}

export function callsOf(document: OpenApi, known: Readonly<Record<string, readonly string[]>>): fc.Arbitrary<Call> {
  return fc.constantFrom(...readsOf(document)).chain(([path, operation]) => {
    const parameters = operation.parameters ?? [];
    const values = parameters.map((parameter) => {
      const value = parameterValue(parameter, known);
      return parameter.in === 'path' ? value : fc.option(value, { freq: parameter.required === true ? 20 : 2 });
    });
    const surprise = fc.oneof(
      { weight: 11, arbitrary: fc.constant(null) },
      { weight: 1, arbitrary: fc.tuple(fc.string({ minLength: 1 }), fc.string()) },
    );
    return fc.tuple(fc.tuple(...values), surprise).map(([drawn, extra]) => {
      let filled = path;
      const query = new URLSearchParams();
      for (const [index, { name, in: place }] of parameters.entries()) {
        const value = drawn[index];
        if (place === 'path') filled = filled.replace(`{${name}}`, encodeURIComponent(String(value)));
        else if (value !== null && value !== undefined) query.append(name, String(value));
      }
      if (extra !== null) query.append(...extra);
      const text = query.toString();
      const url = text === '' ? filled : `${filled}?${text}`;
      return { url, path, operation, [fc.toStringMethod]: () => url };
    });
  });
}

/** What is wrong with an answer, by the document; null when nothing is. */
export class AnswerJudge {
  readonly #ajv = new Ajv2020({ strict: false });
  readonly #compiled = new Map<object, ValidateFunction>();

  problemWith(operation: Operation, status: number, type: string, body: string): string | null {
    const answer = operation.responses[String(status)];
    if (answer === undefined) return `status ${status} is not described`;
    const media = type.split(';', 1)[0]?.trim() ?? '';
    const described = answer.content?.[media];
    if (described === undefined) return `status ${status} as ${media} is not described`;
    if (!/^application\/(.+\+)?json$/.test(media)) return null;
    const validate = this.#compiled.get(described.schema) ?? this.#ajv.compile(described.schema);
    this.#compiled.set(described.schema, validate);
    return validate(JSON.parse(body)) ? null : this.#ajv.errorsText(validate.errors);
  }
}
