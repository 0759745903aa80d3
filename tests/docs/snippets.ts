/** What the pages show: fenced blocks, inline code, and commands as a shell reads them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../runtime/package-info.js';

export interface Snippet {
  /** `docs/domains.md:17`. */
  readonly where: string;
  /** Of a fence, empty where it names none; null: inline code. */
  readonly language: string | null;
  readonly text: string;
}

export interface Command {
  readonly environment: Readonly<Record<string, string>>;
  readonly words: readonly string[];
}

export const PAGES: readonly string[] = [
  'README.md',
  'CONTRIBUTING.md',
  ...readdirSync(join(packageRoot, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

export function snippetsOf(page: string): readonly Snippet[] {
  const found: Snippet[] = [];
  let fence: { where: string; language: string; lines: string[] } | null = null;
  for (const [index, line] of readFileSync(join(packageRoot, page), 'utf8').split('\n').entries()) {
    const mark = /^ *```(.*)$/.exec(line)?.[1]?.trim();
    const where = `${page}:${index + 1}`;
    if (fence !== null && mark === '') {
      found.push({ where: fence.where, language: fence.language, text: fence.lines.join('\n') });
      fence = null;
    } else if (fence !== null) fence.lines.push(line);
    else if (mark !== undefined) fence = { where, language: mark, lines: [] };
    else
      for (const [, text = ''] of line.matchAll(/`([^`]+)`/g))
        found.push({ where, language: null, text: text.replaceAll('\\|', '|') });
  }
  if (fence !== null) throw new Error(`${fence.where}: the fence has no end`);
  return found;
}

/** Enough of a shell for what pages show: quotes, comments, assignments, `&&` and redirections, which are left out. */
export function commandsOf(text: string): readonly Command[] {
  const lists = text.split('\n').flatMap((line) => {
    const words: string[][] = [[]];
    for (const [token] of line.matchAll(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g)) {
      if (token.startsWith('#')) break;
      if (token === '&&') words.push([]);
      else words.at(-1)?.push(token.replaceAll(/"([^"]*)"|'([^']*)'/g, '$1$2'));
    }
    return words;
  });
  return lists.filter((words) => words.length > 0).map(commandOf);
}

function commandOf(all: readonly string[]): Command {
  const redirection = all.findIndex((word) => word.startsWith('>'));
  const words = redirection < 0 ? all : all.slice(0, redirection);
  const first = words.findIndex((word) => !/^[A-Z_]+=/.test(word));
  const assignments = words.slice(0, first < 0 ? words.length : first).map((word) => {
    const at = word.indexOf('=');
    return [word.slice(0, at), word.slice(at + 1)] as const;
  });
  return { environment: Object.fromEntries(assignments), words: first < 0 ? [] : words.slice(first) };
}
