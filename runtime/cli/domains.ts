/** `doin domains`: what the network works on, what is proposed, and a voice in it. */
import type { Argv, CommandModule } from 'yargs';
import { DoinError } from '../errors.js';
import type { DomainsJson } from '../http/domains.js';
import type { DomainStatus, StatusJson } from '../http/status.js';
import { formatPerformance, printable, shortId, table } from './format.js';
import { fetchJson } from './http-client.js';
import type { CliIo, CliModules } from './node-port.js';
import { checkedUrl, type QueryArguments, queryOptions } from './queries.js';
import { type SendingArguments, sendingOptions, sendTransaction } from './sending.js';

type Modules = Pick<CliModules, 'readDomain'>;
type Proposal = DomainsJson['proposals'][number];
type Domain = DomainStatus & Partial<DomainsJson['domains'][number]>;

export function domainsCommand(modules: Modules, io: CliIo): CommandModule<object, QueryArguments> {
  return {
    command: 'domains',
    describe: 'Show the domains of the network, and propose or approve one',
    builder: (yargs) =>
      queryOptions(yargs)
        .command(proposeCommand(modules, io))
        .command(approveCommand(io))
        .example('$0 domains', 'Verified best, champion, weight and local search of each, and what is proposed')
        .example('$0 domains propose my-domain/domain.js', 'Propose a domain, for a deposit')
        .example('$0 domains approve my-domain', 'Vote for it, with the reputation of the node'),
    async handler({ url, json }) {
      const [{ domains: status }, page] = await Promise.all([
        fetchJson<StatusJson>(checkedUrl(url), '/status'),
        fetchJson<DomainsJson>(url, '/domains'),
      ]);
      const domains = status.map((domain) => ({
        ...domain,
        ...page.domains.find(({ domain_id: id }) => id === domain.domain_id),
      }));
      const { proposals } = page;
      const text = () => [domainsText(domains), ...(proposals.length === 0 ? [] : ['', proposalsText(proposals)])];
      io.stdout.write(`${json ? JSON.stringify({ domains, proposals }) : text().join('\n')}\n`);
    },
  };
}

function domainsText(domains: readonly Domain[]): string {
  const rows = domains.map((domain) => [
    printable(domain.domain_id),
    `${domain.direction} ${printable(domain.metric)}`,
    formatPerformance(domain.baseline),
    formatPerformance(domain.best_performance),
    domain.target_performance === null ? '-' : formatPerformance(domain.target_performance),
    String(domain.accepted),
    domain.champion === null ? '-' : shortId(domain.champion),
    domain.weight === undefined ? '-' : domain.weight.toFixed(3),
    [domain.optimize ? 'optimizes' : '', domain.evaluate ? 'evaluates' : ''].filter((part) => part !== '').join(', '),
  ]);
  const header = ['DOMAIN', 'GOAL', 'BASELINE', 'VERIFIED', 'TARGET', 'ACCEPTED', 'CHAMPION', 'WEIGHT', 'THIS NODE'];
  return table(header, rows);
}

function proposalsText(proposals: readonly Proposal[]): string {
  const rows = proposals.map((proposal) => [
    printable(proposal.domain_id),
    printable(proposal.module),
    shortId(proposal.spec_hash),
    printable(proposal.proposer),
    proposal.deposit,
    String(proposal.approvals.length),
    `${(100 * proposal.approval).toFixed(1)} % of 66.7 %`,
    printable(proposal.expires_at),
  ]);
  return table(['PROPOSED', 'MODULE', 'DEFINITION', 'BY', 'DEPOSIT', 'VOTES', 'REPUTATION', 'UNTIL'], rows);
}

interface ProposeArguments extends SendingArguments {
  readonly definition: string;
  readonly dataHash?: string | undefined;
}

function proposeCommand(modules: Modules, io: CliIo): CommandModule<object, ProposeArguments> {
  return {
    command: 'propose <definition>',
    describe: 'Propose a domain by its definition: a file, a folder with one, or a built-in name',
    builder: (yargs) =>
      sendingOptions(yargs)
        .positional('definition', { type: 'string', demandOption: true, describe: 'A file, folder or name' })
        .option('data-hash', {
          type: 'string',
          requiresArg: true,
          describe: 'Hash of the data it measures on, 64 hex digits',
          defaultDescription: 'the SHA-256 of the definition',
        }) as unknown as Argv<ProposeArguments>,
    async handler(options) {
      const domain = await modules.readDomain(options.definition);
      const { definition } = domain;
      await sendTransaction(io, options, {
        type: 'domain-register',
        definition,
        data_hash: options.dataHash ?? domain.dataHash,
      });
    },
  };
}

interface ApproveArguments extends SendingArguments {
  readonly id: string;
}

function approveCommand(io: CliIo): CommandModule<object, ApproveArguments> {
  return {
    command: 'approve <id>',
    describe: 'Vote for a proposed domain',
    builder: (yargs) =>
      sendingOptions(yargs).positional('id', {
        type: 'string',
        demandOption: true,
        describe: 'Its domain id',
      }) as unknown as Argv<ApproveArguments>,
    async handler(options) {
      const { proposals } = await fetchJson<DomainsJson>(checkedUrl(options.url), '/domains');
      const proposal = proposals.find(({ domain_id: id }) => id === options.id);
      if (proposal === undefined) {
        const open = proposals.map(({ domain_id: id }) => printable(id)).join(', ') || 'none';
        throw new DoinError({ code: 'usage', id: options.id }, `nobody proposes "${options.id}"; proposed: ${open}`);
      }
      const { domain_id: domainId, spec_hash: specHash } = proposal;
      await sendTransaction(io, options, { type: 'domain-vote', domain_id: domainId, spec_hash: specHash });
    },
  };
}
