/** Where a node's traces go from its start: lines on stderr (`--trace`, `DEBUG`), or a file (`--trace-file`). */
import type { NodeConfig } from '../../config/schema.js';
import { parseTraceFilter, TRACE_ALL, type TraceFilter, traceFilterFromDebug } from '../trace/filter.js';
import { formatTraceRecord } from '../trace/format.js';
import type { TraceHub } from '../trace/hub.js';
import { TraceFile } from '../trace/trace-file.js';

export interface TraceOutputs {
  /** After the last record: completes the file. */
  close(): Promise<void>;
}

export async function traceOutputs(
  traces: TraceHub,
  config: Pick<NodeConfig, 'trace' | 'node_label'>,
  file: string | undefined,
  onError: (message: string) => void,
): Promise<TraceOutputs> {
  const wanted =
    config.trace.length > 0 ? parseTraceFilter(config.trace.join(',')) : traceFilterFromDebug(process.env.DEBUG);
  if (file === undefined) {
    if (wanted !== null) printTo(process.stderr, traces, wanted);
    return { close: async () => undefined };
  }
  const name = `doin ${config.node_label}`.trim();
  const recording = await TraceFile.open(file, name, Date.now, onError);
  const { cancel } = traces.subscribe(wanted ?? TRACE_ALL, recording);
  return {
    close: () => {
      cancel();
      return recording.close();
    },
  };
}

function printTo(output: NodeJS.WriteStream, traces: TraceHub, filter: TraceFilter): void {
  const isColoured = output.isTTY === true && process.env.NO_COLOR === undefined;
  traces.subscribe(filter, {
    record: (record) => void output.write(`${formatTraceRecord(record, isColoured)}\n`),
    dropped: (count, thread) => void output.write(`(${count} trace records of ${thread} lost: too many at once)\n`),
  });
}
