/**
 * A domain whose work a program of the node's owner does, in any language. The program is trusted as the owner's own
 * code is; what passes through it from strangers (genomes, weights) is checked for bounds and size before, and its
 * results for range after. A program that crashes, hangs, writes nonsense or eats its memory costs the task.
 */
import { toHex } from '../../../runtime/codec/bytes.js';
import { Serial } from '../../../runtime/serial.js';
import { taskFailure } from '../../failures.js';
import type { Domain, LocalDomainSpec } from '../../types.js';
import { type Conversation, Program } from './program.js';
import { PROTOCOL_VERSION, type ProgramRequest, type ReplyTo } from './protocol.js';

export function createDomain(spec: LocalDomainSpec): Domain {
  const { command, domainId, limits } = spec;
  if (command === undefined || command.length === 0) {
    const text = `domain ${domainId} runs a program of your own; name it by "command" in the file of domains[].definition`;
    throw taskFailure('unknown-domain', text);
  }
  const turns = new Serial();
  let running: Program | null = null;

  const program = async (): Promise<Program> => {
    if (running?.alive) return running;
    const started = new Program({ command, memoryMb: limits.memoryMb });
    running = started;
    await started.ask({ type: 'hello', protocol: PROTOCOL_VERSION, domain: domainId, limits });
    return started;
  };
  const ask = <R extends ProgramRequest>(request: R, talk?: Conversation): Promise<ReplyTo<R['type']>> =>
    turns.run(async () => (await program()).ask(request, talk));

  return {
    spec,
    async prepare() {
      await turns.run(program);
    },
    async train(genome, seed, budget, work) {
      const maxEpochs = Math.min(budget.maxEpochs, limits.epochs);
      const reply = await ask(
        {
          type: 'train',
          genome,
          seed: toHex(seed),
          max_epochs: maxEpochs,
          early_patience: budget.earlyPatience,
        },
        { signal: work.signal, onProgress: (progress) => work.progress(progress) },
      );
      if (reply.epochs > maxEpochs) {
        throw taskFailure('task-crashed', `${command[0]} trained ${reply.epochs} epochs of ${maxEpochs} allowed`);
      }
      return { weights: fromBase64(reply.weights), epochs: reply.epochs };
    },
    async evaluate(genome, weights, dataSeed, { signal }) {
      const { data } = await ask({ type: 'synthetic_data', seed: toHex(dataSeed) }, { signal });
      const request = { type: 'evaluate', genome, weights: toBase64(weights), data } as const;
      const { performance, standard_error: standardError, samples, outputs } = await ask(request, { signal });
      return { performance, standardError, samples, data: [fromBase64(data)], outputs: [fromBase64(outputs)] };
    },
    async predict(genome, weights, input) {
      return (await ask({ type: 'predict', genome, weights: toBase64(weights), input })).output;
    },
  };
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'base64'));
}
