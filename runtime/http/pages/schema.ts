/** How a page's shape is written: one zod schema is its type, its JSON Schema in OpenAPI, and the check of what goes out. */
import { z } from 'zod';

/** The JSON of a schema, as who reads it may see it. */
export type Json<S extends z.ZodType> = DeepReadonly<z.infer<S>>;
type DeepReadonly<T> = T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T;

export type JsonSchema = Readonly<Record<string, unknown>>;

/** As fastify and OpenAPI 3.1 take it. `input`: what a client may leave out is not required. */
export function jsonSchema(schema: z.ZodType, io: 'input' | 'output' = 'output'): JsonSchema {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, {
    io,
    target: 'draft-2020-12',
    unrepresentable: 'throw',
  });
  return rest;
}

export const count = z.int().min(0);
export const hash = z.string().regex(/^[0-9a-f]{64}$/);
export const nodeId = z.string().min(1).max(128);
export const domainId = z.string().min(1).max(64);
export const timeMs = z.int().min(0).describe('Milliseconds since the epoch.');
export const isoTime = z.string().describe('ISO 8601, UTC.');
export const direction = z.enum(['maximize', 'minimize']);
/** Things counted by a name that only the running node knows. */
export const counts = z.record(z.string(), count);

export const problemPage = z
  .strictObject({
    type: z.string(),
    title: z.string().describe('A stable code.'),
    status: z.int().min(400).max(599),
    detail: z.string().describe('What is wrong, by the name of the field, and how to mend it.'),
  })
  .describe('An error (RFC 9457).');
