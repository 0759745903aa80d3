/**
 * Anchors as commits in a git repository, given by path or URL: one small file for each block, added once and never
 * touched again. The history is what is read: a file that any commit changed or deleted, a merge, or a branch that does
 * not descend from what this node saw before, is a ledger that somebody rewrote.
 *
 * All is done in a bare copy of the branch in the data folder, with a commit that is built from its parts and pushed
 * without force; the repository's own working tree, if it has one, is never touched.
 */
import { mkdir } from 'node:fs/promises';
import { Serial } from '../serial.js';
import { type GitOutcome, runGit } from './git.js';
import {
  type Anchor,
  type AnchorLedger,
  anchorError,
  anchorsOf,
  anchorText,
  parseAnchor,
  type WrittenAnchor,
} from './ledger.js';

export interface GitLedgerOptions {
  /** Path or URL, as git takes it. */
  readonly repository: string;
  readonly branch: string;
  /** Folder of the node's own copy. */
  readonly copy: string;
}

/** The newest commit that this node saw and found in order. */
const SEEN = 'refs/anchors/seen';
/** Somebody else's push may come first so often. */
const PUSHES = 5;

export class GitLedger implements AnchorLedger {
  readonly kind = 'git';
  readonly place: string;
  readonly #options: GitLedgerOptions;
  readonly #chain: Pick<Anchor, 'chainId' | 'genesisHash'>;
  readonly #serial = new Serial();

  constructor(options: GitLedgerOptions, chain: Pick<Anchor, 'chainId' | 'genesisHash'>) {
    this.place = `${options.repository}#${options.branch}`;
    this.#options = options;
    this.#chain = chain;
  }

  read(): Promise<readonly WrittenAnchor[]> {
    return this.#serial.run(async () => this.#anchorsAt(await this.#fetch()));
  }

  write(anchor: Anchor): Promise<string> {
    return this.#serial.run(async () => {
      for (let attempt = 1; ; attempt += 1) {
        const head = await this.#fetch();
        const known = (await this.#anchorsAt(head)).find(({ height }) => height === anchor.height);
        if (known?.hash === anchor.hash) return known.reference;
        if (known !== undefined)
          throw anchorError('anchor-contradicted', this, `already says ${known.hash} of block ${anchor.height}`);
        const commit = await this.#commit(anchor, head);
        const { branch } = this.#options;
        const pushed = await this.#git(['push', '--quiet', 'origin', `${commit}:refs/heads/${branch}`]);
        if (pushed.ok) {
          await this.#need(['update-ref', SEEN, commit]);
          return commit;
        }
        if (attempt === PUSHES) throw this.#unreachable(pushed.problem);
      }
    });
  }

  /** The commit at the head of the branch, or null while there is none. */
  async #fetch(): Promise<string | null> {
    await mkdir(this.#options.copy, { recursive: true });
    await this.#need(['init', '--quiet', '--bare', '.']);
    await this.#need(['config', 'remote.origin.url', this.#options.repository]);
    const listed = await this.#git(['ls-remote', '--exit-code', 'origin', `refs/heads/${this.#options.branch}`]);
    // Exit 2: the repository is there and has no such branch.
    if (!listed.ok && listed.exit !== 2) throw this.#unreachable(listed.problem);
    const seen = await this.#git(['rev-parse', '--verify', '--quiet', SEEN]);
    if (!listed.ok) {
      if (seen.ok) throw this.#damaged(`the branch is gone; this node saw it at ${seen.output.trim()}`);
      return null;
    }
    const fetched = await this.#git(['fetch', '--quiet', 'origin', `refs/heads/${this.#options.branch}`]);
    if (!fetched.ok) throw this.#unreachable(fetched.problem);
    const head = (await this.#need(['rev-parse', 'FETCH_HEAD'])).trim();
    if (seen.ok && !(await this.#git(['merge-base', '--is-ancestor', seen.output.trim(), head])).ok) {
      throw this.#damaged(`${head} does not descend from ${seen.output.trim()}, which this node saw before`);
    }
    await this.#checkHistory(head);
    await this.#need(['update-ref', SEEN, head]);
    return head;
  }

  /** Every commit adds, none merges. */
  async #checkHistory(head: string): Promise<void> {
    const merges = (await this.#need(['rev-list', '--merges', '--max-count=1', head])).trim();
    if (merges !== '') throw this.#damaged(`commit ${merges} merges; the branch must be a single line of commits`);
    const changed = await this.#need([
      'log',
      '--no-renames',
      '--diff-filter=a',
      '--name-status',
      '--format=%H',
      head,
      '--',
      'anchors/',
    ]);
    if (changed.trim() !== '') {
      const [commit = ''] = changed.trim().split('\n');
      throw this.#damaged(`commit ${commit} changes or removes an anchor that was there`);
    }
  }

  async #anchorsAt(head: string | null): Promise<readonly WrittenAnchor[]> {
    if (head === null) return [];
    const folder = this.#folder();
    const log = await this.#need([
      'log',
      '--reverse',
      '--no-renames',
      '--diff-filter=A',
      '--name-only',
      '--format=%x00%H',
      head,
      '--',
      folder,
    ]);
    const written: { readonly commit: string; readonly path: string }[] = log
      .split('\0')
      .slice(1)
      .flatMap((entry) => {
        const [commit = '', ...paths] = entry.split('\n').filter((line) => line !== '');
        return paths.map((path) => ({ commit, path }));
      });
    const texts = await this.#contents(written.map(({ path }) => `${head}:${path}`));
    const anchors = written.map(({ commit, path }, index) => {
      const anchor = parseAnchor(texts[index]?.trimEnd() ?? '');
      if (anchor === null || path !== this.#path(anchor))
        throw this.#damaged(`${path} of commit ${commit} is no anchor`);
      return { ...anchor, reference: commit };
    });
    return anchorsOf(this, this.#chain, anchors);
  }

  /** Many small files in one run of git. */
  async #contents(names: readonly string[]): Promise<readonly string[]> {
    if (names.length === 0) return [];
    const output = Buffer.from(await this.#need(['cat-file', '--batch'], names.map((name) => `${name}\n`).join('')));
    const texts: string[] = [];
    for (let at = 0; at < output.length; ) {
      const end = output.indexOf(0x0a, at);
      const sizeBytes = Number(output.subarray(at, end).toString('utf8').split(' ')[2]);
      texts.push(output.subarray(end + 1, end + 1 + sizeBytes).toString('utf8'));
      at = end + 1 + sizeBytes + 1;
    }
    return texts;
  }

  async #commit(anchor: Anchor, parent: string | null): Promise<string> {
    const index = { GIT_INDEX_FILE: 'anchor-index' };
    const blob = (await this.#need(['hash-object', '-w', '--stdin'], `${anchorText(anchor)}\n`)).trim();
    await this.#need(['read-tree', parent ?? '--empty'], '', index);
    await this.#need(['update-index', '--add', '--cacheinfo', `100644,${blob},${this.#path(anchor)}`], '', index);
    const tree = (await this.#need(['write-tree'], '', index)).trim();
    const message = `Anchor block ${anchor.height} of ${anchor.chainId}`;
    const parents = parent === null ? [] : ['-p', parent];
    return (await this.#need(['commit-tree', tree, ...parents, '-m', message])).trim();
  }

  #folder(): string {
    return `anchors/${this.#chain.chainId}/`;
  }

  #path({ height }: Anchor): string {
    return `${this.#folder()}${height}.json`;
  }

  #git(args: readonly string[], input?: string, environment?: NodeJS.ProcessEnv): Promise<GitOutcome> {
    return runGit(this.#options.copy, args, input, environment);
  }

  async #need(args: readonly string[], input?: string, environment?: NodeJS.ProcessEnv): Promise<string> {
    const outcome = await this.#git(args, input, environment);
    if (outcome.ok) return outcome.output;
    throw this.#unreachable(`git ${args[0]}: ${outcome.problem}`);
  }

  #unreachable(problem: string): ReturnType<typeof anchorError> {
    const fix =
      'check the path or URL, that git is installed, and that this user may read and push (a new one: git init --bare <path>)';
    return anchorError('anchor-ledger-unreachable', this, `${problem}; ${fix}`);
  }

  #damaged(problem: string): ReturnType<typeof anchorError> {
    return anchorError(
      'anchor-ledger-damaged',
      this,
      `${problem}; find out who rewrote it, and restore it from a clone`,
    );
  }
}
