/** The page of all settings, written from the schema: docs/configuration.md is this text. */
import { variableOf } from './environment.js';
import { type Field, fieldsOf } from './schema-tree.js';

const INTRODUCTION = `# Configuration

A node needs none. What you want different goes into a JSON file (\`doin start --config node.json\`), into the environment or
on the command line; each of these wins over the one before it. A wrong value ends the start with its name, the value and
the fix.

\`\`\`sh
doin config init node.json      # a file to start from
doin config validate node.json  # is it right?
doin config show -c node.json   # what a node would run with: defaults, file, environment
doin config schema              # JSON Schema, for editors
\`\`\`

A setting in the environment is \`DOIN_\` and its name in capitals, with two underscores for a dot: \`DOIN_PORT=8480\`,
\`DOIN_P2P__MDNS=false\`, \`DOIN_BOOTSTRAP_PEERS=/ip4/10.0.0.5/tcp/8471/p2p/12D3...,...\`. Lists of objects are JSON.
The config of the Python system is understood: fields that have no meaning here are named and ignored.

| setting | default | environment | what it is; how a value looks |
|---|---|---|---|`;

export function configReference(): string {
  const rows = fieldsOf()
    .filter(({ node }) => node.properties === undefined)
    .map(row);
  return `${INTRODUCTION}\n${rows.join('\n')}\n`;
}

function row({ name, path, node }: Field): string {
  const { description = '', expected = '' } = node;
  const fallback = node.const === undefined ? (node.default ?? null) : node.const;
  const shown = fallback === null ? '' : `\`${JSON.stringify(fallback)}\``;
  const variable = path.length === 0 ? '' : `\`${variableOf(path)}\``;
  const text = [description, expected === '' ? '' : `*${expected}*`].filter((part) => part !== '').join(' ');
  return `| \`${name}\` | ${shown} | ${variable} | ${text.replaceAll('|', '\\|')} |`;
}
