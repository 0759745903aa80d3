/** `doin status`: what a running node says about itself. */
import type { CommandModule } from 'yargs';
import type { StatusJson } from '../http/status.js';
import { formatPerformance, printable, shortId, table } from './format.js';
import { fetchStatus } from './http-client.js';
import type { CliIo } from './node-port.js';
import { checkedUrl, type QueryArguments, queryOptions } from './queries.js';

export function statusCommand(io: CliIo): CommandModule<object, QueryArguments> {
  return {
    command: 'status',
    describe: 'Show a running node: chain, peers, domains, actors',
    builder: (yargs) =>
      queryOptions(yargs)
        .example('$0 status', 'The node on this machine')
        .example('$0 status --url http://127.0.0.1:8471 --json', 'Another one, as JSON'),
    async handler({ url, json }) {
      const status = await fetchStatus(checkedUrl(url));
      io.stdout.write(`${json ? JSON.stringify(status) : statusText(status)}\n`);
    },
  };
}

function statusText(status: StatusJson): string {
  const { optimae } = status;
  const domains = status.domains.map((domain) => [
    printable(domain.domain_id),
    printable(domain.metric),
    formatPerformance(domain.baseline),
    formatPerformance(domain.best_performance),
    formatPerformance(domain.local?.best_performance ?? null),
    formatPerformance(domain.local?.benchmark_performance ?? null),
    domain.local === null ? '-' : `${domain.local.state} ${domain.local.rounds}`,
    domain.champion === null ? '-' : shortId(domain.champion),
  ]);
  const actors = status.actors.map((actor) => [
    actor.name,
    actor.thread,
    String(actor.mailbox_depth),
    String(actor.restarts),
    String(Object.values(actor.dropped).reduce((sum, count) => sum + count, 0)),
    String(actor.dead_letters),
  ]);
  return [
    `node ${printable(status.node_label)} (${printable(status.node_id)}), ${status.role}, up ${status.uptime_s} s, version ${printable(status.version)}`,
    `chain height ${status.chain_height}, tip ${shortId(status.tip_hash)}, proof blocks ${status.proof_blocks}, peers ${status.peers}, mempool ${status.mempool}${status.busy ? ', busy' : ''}`,
    `final height ${status.finalized_height}, block ${shortId(status.finalized_hash)}`,
    `optimae committed ${optimae.committed}, revealed ${optimae.revealed}, accepted ${optimae.accepted}, rejected ${optimae.rejected}`,
    `reputation ${status.reputation.toFixed(3)}, balance ${status.balance.toFixed(8)}`,
    '',
    table(['DOMAIN', 'METRIC', 'BASELINE', 'VERIFIED', 'CLAIMED', 'HELD-OUT', 'SEARCH', 'CHAMPION'], domains),
    '',
    table(['ACTOR', 'THREAD', 'MAILBOX', 'RESTARTS', 'DROPPED', 'DEAD LETTERS'], actors),
  ].join('\n');
}
