/**
 * The HTTP server: JSON pages, the event stream and the dashboard, on loopback by default. Anybody who reaches it may
 * read, at a limited rate; writing needs the token of the data folder. Query values are checked against a schema; every
 * error is a problem document (RFC 9457) that names the field.
 */
import etag from '@fastify/etag';
import websocket from '@fastify/websocket';
import Fastify, { type FastifyInstance } from 'fastify';
import { DoinError, errorMessage } from '../errors.js';
import { loadAssets } from './assets.js';
import { EventLog } from './event-log.js';
import { registerEvents } from './event-stream.js';
import type { Explore } from './explore.js';
import { registerExplore } from './explore-routes.js';
import type { StatusSource } from './node-view.js';
import { registerOpenApi } from './openapi.js';
import { isUnavailable, sendProblem } from './problem.js';
import { limitRequests } from './rate-limits.js';
import { registerRoutes } from './routes.js';
import { registerServices, type Services } from './services.js';
import { registerTrace, type TraceTap } from './trace-stream.js';

export interface HttpOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly source: StatusSource;
  /** Pages of the dashboard alone; without it there are none. */
  readonly explore?: Explore;
  /** Where `/trace` gets its records; without it there is no such page. */
  readonly trace?: TraceTap;
  /** What a node does for its owner; without it there are no such pages. */
  readonly services?: Services;
  /** Requests of one client address in a minute; absent: as many as it likes. */
  readonly requestsPerMinute?: number;
  /** Told about answers with status 500, which the client sees without details. */
  readonly onError?: (message: string, error: unknown) => void;
}

export interface RunningHttp {
  /** For example `http://127.0.0.1:8470`. */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Scripts and styles come from this server only, so text from the network that slipped through unescaped would
 * still not run. uPlot sets styles through the DOM, which the policy allows.
 */
const SECURITY_HEADERS = {
  'content-security-policy':
    "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
};

/** The server without a port, for tests and for `startHttpServer`. */
export async function createHttpServer(options: Omit<HttpOptions, 'host' | 'port'>): Promise<FastifyInstance> {
  const app = Fastify({
    logger: false,
    bodyLimit: 64 * 1024,
    // A machine under full load takes its time to read the files of the pages.
    pluginTimeout: 60_000,
    // `/chain/blocks?from=1&form=2` is an error that names `form`, not a silent drop. With strict numbers ajv would not
    // compare the Infinity that it has made of "1e999" itself.
    ajv: { customOptions: { removeAdditional: false, coerceTypes: true, allErrors: true, strictNumbers: false } },
    forceCloseConnections: true,
  });
  app.addHook('onRequest', async (_request, reply) => {
    reply.headers(SECURITY_HEADERS);
  });
  app.setNotFoundHandler((request, reply) =>
    sendProblem(reply, 404, 'not-found', `nothing is served at ${request.url}`),
  );
  app.setErrorHandler((error: Error & { validation?: readonly Validation[]; statusCode?: number }, request, reply) => {
    if (error.validation !== undefined)
      return sendProblem(reply, 400, 'bad-request', describeValidation(error.validation));
    const code = error instanceof DoinError ? error.code : null;
    if (error.statusCode !== undefined && error.statusCode < 500) {
      return sendProblem(reply, error.statusCode, code ?? 'bad-request', error.message);
    }
    if (isUnavailable(error)) {
      return sendProblem(reply, 503, code ?? 'unavailable', 'a part of the node does not answer now; ask again');
    }
    options.onError?.(`${request.method} ${request.url}`, error);
    return sendProblem(reply, 500, code ?? 'internal-error', 'the node could not answer this request');
  });

  if (options.requestsPerMinute !== undefined) await limitRequests(app, options.requestsPerMinute);
  // A page that did not change is answered with 304 to whoever has it already.
  await app.register(etag);
  await registerOpenApi(app);
  await app.register(websocket, { options: { maxPayload: 1024, verifyClient: isSameOrigin } });
  for (const [path, asset] of await loadAssets()) {
    app.get(path, { schema: { hide: true } }, (_request, reply) =>
      reply.header('cache-control', 'no-cache').type(asset.type).send(asset.body),
    );
  }
  registerRoutes(app, options.source);
  if (options.explore !== undefined) registerExplore(app, options.explore);
  const events = new EventLog((listener) => options.source.subscribe(listener));
  app.addHook('onClose', async () => events.close());
  if (options.services !== undefined) registerServices(app, options.services);
  await app.register(async (scope) => {
    registerEvents(scope, events);
    if (options.trace !== undefined) registerTrace(scope, options.trace);
  });
  return app;
}

export async function startHttpServer(options: HttpOptions): Promise<RunningHttp> {
  const app = await createHttpServer(options);
  try {
    const url = await app.listen({ host: options.host, port: options.port });
    return { url, close: () => app.close() };
  } catch (error) {
    await app.close();
    throw listenError(options, error);
  }
}

function listenError({ host, port }: HttpOptions, error: unknown): DoinError {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE') {
    return new DoinError(
      { code: 'port-in-use', host, port },
      `port = ${port}: another program already listens on ${host}:${port}; stop it, or choose another port with --port (0 takes any free one)`,
      { cause: error },
    );
  }
  return new DoinError(
    { code: 'cannot-listen', host, port },
    `host = "${host}", port = ${port}: cannot listen there (${errorMessage(error)}); use an address of this machine and a port above 1023`,
    { cause: error },
  );
}

/** A page of another site must not read this node's stream through the visitor's browser. */
function isSameOrigin(info: { origin: string; req: { headers: { host?: string | undefined } } }): boolean {
  if (!info.origin) return true;
  return URL.canParse(info.origin) && new URL(info.origin).host === info.req.headers.host;
}

interface Validation {
  readonly instancePath: string;
  readonly keyword: string;
  readonly message?: string;
  readonly params: Readonly<Record<string, unknown>>;
}

function describeValidation(validation: readonly Validation[]): string {
  return validation
    .map(({ instancePath, params, message }) => {
      const field = params.additionalProperty ?? params.missingProperty ?? instancePath.slice(1);
      return `${field}: ${message ?? 'is not valid'}`;
    })
    .join('; ');
}
