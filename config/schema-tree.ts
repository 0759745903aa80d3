/** The config schema as JSON Schema, and as the list of its fields: for error messages, environment, docs and editors. */
import { z } from 'zod';
import { nodeConfigSchema } from './schema.js';

/** The parts of a JSON Schema node that are read here. */
export interface SchemaNode {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly items?: SchemaNode;
  readonly additionalProperties?: SchemaNode | boolean;
  readonly oneOf?: readonly SchemaNode[];
  readonly const?: unknown;
  readonly description?: string;
  /** How a right value looks; reads after "use". */
  readonly expected?: string;
  readonly default?: unknown;
}

export const schemaTree = z.toJSONSchema(nodeConfigSchema, { io: 'input' }) as SchemaNode;

/** One setting, at any depth. */
export interface Field {
  /** For example `p2p.mdns` or `domains[].optimizer`. */
  readonly name: string;
  /** Names from the root on, without the lists between; empty for what lies inside of a list. */
  readonly path: readonly string[];
  readonly node: SchemaNode;
}

/** All of them, each object before what it holds. */
export function fieldsOf(node: SchemaNode = schemaTree, name = '', path: readonly string[] | null = []): Field[] {
  return Object.entries(node.properties ?? {}).flatMap(([key, child]) => {
    const own = name === '' ? key : `${name}.${key}`;
    const ownPath = path === null ? null : [...path, key];
    const field: Field = { name: own, path: ownPath ?? [], node: child };
    const items = child.items === undefined ? [] : [child.items, ...(child.items.oneOf ?? [])];
    return [field, ...fieldsOf(child, own, ownPath), ...items.flatMap((item) => fieldsOf(item, `${own}[]`, null))];
  });
}
