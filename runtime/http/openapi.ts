/**
 * `/openapi.json`, made from the routes' schemas, and `/docs`, a page to browse it. The page's files come with its
 * package, so it works without any other server.
 */
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import type { FastifyInstance } from 'fastify';
import { DoinError } from '../errors.js';
import { packageVersion } from '../package-info.js';

const DESCRIPTION = `Everything a running node shows. Numbers are whole units (coins, points of reputation, values of a
domain's metric). Errors are problem documents (RFC 9457). Lists come in pages. Events come over WebSocket at \`/events\`.`;

/** Before the first route, so that it sees them all. */
export async function registerOpenApi(app: FastifyInstance): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'DOIN node', version: packageVersion, description: DESCRIPTION, license: { name: 'MIT' } },
      servers: [{ url: '/' }],
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
      tags: [
        { name: 'node', description: 'The node itself' },
        { name: 'chain', description: 'Blocks and what they cost' },
        { name: 'work', description: 'What is being done' },
        { name: 'stats', description: 'What was tried and found' },
        { name: 'wallet', description: 'Accounts, and what the owner of the token sends' },
      ],
    },
  });
  await app.register(swaggerUi, { routePrefix: '/docs', uiConfig: { url: '/openapi.json', validatorUrl: null } });
  app.get('/openapi.json', { schema: { hide: true } }, () => app.swagger());
  app.setSerializerCompiler(checkedSerializer());
}

/**
 * Writes an answer that is what its page promises; another one is a fault of the node, which the client sees as
 * status 500 and the node hears about, instead of a program somewhere that trips over it.
 */
function checkedSerializer() {
  const ajv = new Ajv2020({ strict: false, allErrors: false });
  return ({ schema, httpStatus }: { readonly schema: unknown; readonly httpStatus?: string }) => {
    if (httpStatus?.startsWith('2') !== true) return (data: unknown) => JSON.stringify(data);
    // Compiled when the page is first asked for: a node starts sooner, and most pages are not looked at.
    let isValid: ValidateFunction | undefined;
    return (data: unknown) => {
      isValid ??= ajv.compile(schema as object);
      if (isValid(data)) return JSON.stringify(data);
      const problem = ajv.errorsText(isValid.errors, { dataVar: 'answer' });
      throw new DoinError({ code: 'answer-invalid', problem }, `an answer is not what its page promises: ${problem}`);
    };
  };
}
