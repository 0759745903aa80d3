/** A table as an Apache Parquet file, a row group for each batch: memory holds one group, whatever the table's size. */
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import type { Column, Row } from './olap-file.js';

const TYPES = {
  text: { type: 'BYTE_ARRAY', converted_type: 'UTF8' },
  integer: { type: 'INT64' },
  real: { type: 'DOUBLE' },
} as const;

export async function* parquetFile(
  columns: readonly Column[],
  batches: AsyncIterable<readonly Row[]>,
): AsyncGenerator<Uint8Array> {
  const bytes = new ByteWriter();
  /** What was written since the last call. Offsets count on, as the file's. */
  const taken = () => {
    const part = new Uint8Array(bytes.getBuffer());
    bytes.index = 0;
    return part;
  };
  const writer = new ParquetWriter({ writer: bytes, schema: schemaOf(columns), createdBy: 'doin' });
  for await (const rows of batches) {
    await writer.write({
      rowGroupSize: rows.length,
      columnData: columns.map(({ name, type }) => ({
        name,
        data: rows.map((row) => (type === 'integer' ? toInteger(row[name]) : (row[name] ?? null))),
      })),
    });
    yield taken();
  }
  await writer.finish();
  yield taken();
}

function schemaOf(columns: readonly Column[]) {
  return [
    { name: 'root', num_children: columns.length },
    ...columns.map(({ name, type, nullable }) => ({
      name,
      ...TYPES[type],
      repetition_type: nullable ? ('OPTIONAL' as const) : ('REQUIRED' as const),
    })),
  ];
}

/** INT64 is read and written as bigint. */
function toInteger(value: unknown): bigint | null {
  return typeof value === 'number' ? BigInt(value) : null;
}
