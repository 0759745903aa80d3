/** The real network: js-libp2p behind the port. */
// Before libp2p, also for those who use this port outside the actor system (which preloads it on its threads).
import '../../runtime/polyfill.js';
import { TopicValidatorResult } from '@libp2p/gossipsub';
import type { Connection, PeerId, Stream } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import { multiaddr } from '@multiformats/multiaddr';
import { keyPairFromSeed } from '../../runtime/crypto/ed25519.js';
import { peerIdOf } from '../../runtime/crypto/peer-id.js';
import { DoinError, errorMessage, isDoinError } from '../../runtime/errors.js';
import { Conduct, type RefusalCode } from './conduct.js';
import { createNode, type Libp2pNode, MAX_STREAMS_PER_PROTOCOL } from './libp2p-node.js';
import {
  type NetworkPort,
  networkError,
  openResponse,
  type PeerInfo,
  type PortOptions,
  type RequestLimits,
  type Respond,
  type RespondLimits,
  type Traffic,
  type Validate,
} from './port.js';
import { Responders } from './responders.js';
import { guardRpc, RpcGuard } from './rpc-guard.js';
import { readFrame, withTimeout, writeFrame } from './streams.js';

/** A peer that opens a stream must have said and heard everything by then. */
const SERVE_TIMEOUT_MS = 30_000;

/** Not allowed to, or an address this machine does not have: no reason to do without a network. */
const CANNOT_LISTEN = /EACCES|EPERM|EADDRNOTAVAIL|EAFNOSUPPORT/;

const VALIDATOR_RESULT = {
  accept: TopicValidatorResult.Accept,
  ignore: TopicValidatorResult.Ignore,
  reject: TopicValidatorResult.Reject,
} as const;

export function createLibp2pPort(options: PortOptions): NetworkPort {
  return new Libp2pPort(options);
}

class Libp2pPort implements NetworkPort {
  readonly peerId: string;
  readonly #options: PortOptions;
  readonly #conduct = new Conduct();
  readonly #responders: Responders;
  readonly #validators = new Map<string, Validate>();
  readonly #guard = new RpcGuard();
  readonly #traffic = { copies: 0, judged: 0 };
  #node: Libp2pNode | null = null;

  constructor(options: PortOptions) {
    this.#options = options;
    this.peerId = peerIdOf(keyPairFromSeed(options.privateSeed).publicKey);
    this.#responders = new Responders({
      log: options.log,
      now: () => options.now(),
      refuse: (peerId, code) => this.refuse(peerId, code),
    });
  }

  async start(): Promise<void> {
    const { listen, log } = this.#options;
    try {
      await this.#startNode(false);
    } catch (error) {
      const text = errorMessage(error);
      if (text.includes('EADDRINUSE')) {
        throw networkError(
          'address-in-use',
          '',
          `another process listens on one of ${listen.join(', ')}: ${text}`,
          error,
        );
      }
      if (!CANNOT_LISTEN.test(text)) throw error;
      log.warn('cannot listen on all addresses: others may not be able to call this node', { listen, error: text });
      await this.#startNode(true);
    }
  }

  async #startNode(mayBeDeaf: boolean): Promise<void> {
    const { listener, now, standing } = this.#options;
    const node = await createNode(this.#options, {
      applicationScore: (peerId) => this.#conduct.score(peerId, now()) + standing(peerId),
      isBanned: (peerId) => this.#conduct.isBanned(peerId, now()),
      mayBeDeaf,
    });
    node.addEventListener('peer:connect', ({ detail }) => {
      const connection = node.getConnections(detail)[0];
      if (connection !== undefined) listener.connected(this.#peerInfo(connection));
    });
    node.addEventListener('peer:disconnect', ({ detail }) => listener.disconnected(detail.toString()));
    node.addEventListener('peer:discovery', ({ detail }) => listener.discovered(`/p2p/${detail.id.toString()}`));
    for (const protocol of this.#responders.protocols()) await this.#serve(node, protocol);
    guardRpc(node.services.pubsub, {
      allows: (peerId, rpc) => {
        const allowed = this.#guard.allow(peerId, rpc, now());
        if (!allowed) this.refuse(peerId, 'gossip-flood');
        this.#traffic.copies += rpc.messages.length;
        return allowed;
      },
      refuse: (peerId, code) => this.refuse(peerId, code),
    });
    this.#node = node;
    try {
      await node.start();
    } catch (error) {
      await this.stop();
      throw error;
    }
    for (const [topic, validate] of this.#validators) this.#join(node, topic, validate);
  }

  async stop(): Promise<void> {
    const node = this.#node;
    this.#node = null;
    await node?.stop();
  }

  addresses(): readonly string[] {
    return this.#node?.getMultiaddrs().map((address) => address.toString()) ?? [];
  }

  async publish(topic: string, bytes: Uint8Array): Promise<number> {
    const { recipients } = await this.#running().services.pubsub.publish(topic, bytes);
    return recipients.length;
  }

  subscribe(topic: string, validate: Validate): void {
    this.#validators.set(topic, validate);
    if (this.#node !== null) this.#join(this.#node, topic, validate);
  }

  subscribers(topic: string): readonly string[] {
    return this.#running()
      .services.pubsub.getSubscribers(topic)
      .map((peerId) => peerId.toString());
  }

  /** Gossipsub awaits the topic's validator before it caches, delivers or forwards. */
  #join(node: Libp2pNode, topic: string, validate: Validate): void {
    const { pubsub } = node.services;
    pubsub.topicValidators.set(topic, async (from, message) => {
      this.#traffic.judged += 1;
      return VALIDATOR_RESULT[await this.#responders.judge(validate, message.data, from.toString())];
    });
    pubsub.subscribe(topic);
  }

  async request(peerId: string, protocol: string, bytes: Uint8Array, limits: RequestLimits): Promise<Uint8Array> {
    const connection = this.#running().getConnections(peerIdOrThrow(peerId))[0];
    if (connection === undefined) throw networkError('not-connected', peerId, `no connection to ${peerId}`);
    try {
      const opening = AbortSignal.timeout(Math.ceil(limits.timeoutMs));
      const stream = await connection.newStream(protocol, {
        signal: opening,
        maxOutboundStreams: 256,
        runOnLimitedConnection: true,
      });
      const answer = await withTimeout(stream, limits.timeoutMs, async (signal) => {
        await writeFrame(stream, bytes, signal);
        return readFrame(stream, limits.maxResponseBytes + 1);
      });
      return openResponse(answer, peerId, protocol);
    } catch (error) {
      throw this.#requestError(error, peerId, protocol);
    }
  }

  #requestError(error: unknown, peerId: string, protocol: string): Error {
    const what = `${protocol} to ${peerId}: ${errorMessage(error)}`;
    if (isDoinError(error, 'oversize')) {
      this.refuse(peerId, 'oversize');
      return networkError('response-too-large', peerId, what, error);
    }
    if (isDoinError(error, 'malformed')) this.refuse(peerId, 'malformed');
    if (isDoinError(error, 'request-refused') || isDoinError(error, 'rate-limited')) return error;
    const name = error instanceof Error ? error.name : '';
    if (name === 'UnsupportedProtocolError') return networkError('unsupported-protocol', peerId, what, error);
    if (isDoinError(error, 'request-timeout') || name === 'TimeoutError' || name === 'AbortError') {
      return networkError('request-timeout', peerId, what, error);
    }
    return networkError('stream-failed', peerId, what, error);
  }

  respond(protocol: string, respond: Respond, limits: RespondLimits): void {
    if (this.#node !== null) throw new Error(`responder for ${protocol} must be set before the port starts`);
    this.#responders.add(protocol, respond, limits);
  }

  #serve(node: Libp2pNode, protocol: string): Promise<void> {
    const answer = (stream: Stream, connection: Connection) => this.#answer(protocol, stream, connection.remotePeer);
    return node.handle(protocol, answer, {
      maxInboundStreams: MAX_STREAMS_PER_PROTOCOL,
      // Also through a relay: enough for a handshake and small answers until a direct connection is there.
      runOnLimitedConnection: true,
    });
  }

  async #answer(protocol: string, stream: Stream, peer: PeerId): Promise<void> {
    const from = peer.toString();
    const limits = this.#responders.get(protocol)?.limits;
    if (limits === undefined) return stream.abort(new Error(`no responder for ${protocol}`));
    try {
      await withTimeout(stream, limits.timeoutMs ?? SERVE_TIMEOUT_MS, async (signal) => {
        const request = await readFrame(stream, limits.maxRequestBytes);
        await writeFrame(stream, await this.#responders.answer(protocol, from, request), signal);
      });
    } catch (error) {
      if (isDoinError(error, 'oversize')) this.refuse(from, 'oversize');
      else if (isDoinError(error, 'malformed')) this.refuse(from, 'malformed');
      else if (isDoinError(error, 'request-timeout')) this.refuse(from, 'request-timeout');
      else this.#options.log.debug('stream ended early', { protocol, from, error: errorMessage(error) });
    }
  }

  async dial(address: string): Promise<string> {
    try {
      const connection = await this.#running().dial(multiaddr(address));
      return connection.remotePeer.toString();
    } catch (error) {
      throw networkError('dial-failed', '', `cannot connect to ${address}: ${errorMessage(error)}`, error);
    }
  }

  async disconnect(peerId: string): Promise<void> {
    await this.#node?.hangUp(peerIdOrThrow(peerId));
  }

  peers(): readonly PeerInfo[] {
    const byPeer = new Map<string, PeerInfo>();
    for (const connection of this.#node?.getConnections() ?? []) {
      const info = this.#peerInfo(connection);
      if (!byPeer.has(info.peerId)) byPeer.set(info.peerId, info);
    }
    return [...byPeer.values()];
  }

  #peerInfo(connection: Connection): PeerInfo {
    const peerId = connection.remotePeer.toString();
    return {
      peerId,
      address: connection.remoteAddr.toString(),
      direction: connection.direction,
      latencyMs: connection.rtt ?? null,
      score: this.#conduct.score(peerId, this.#options.now()),
    };
  }

  refuse(peerId: string, code: RefusalCode): void {
    if (!this.#conduct.refuse(peerId, code, this.#options.now())) return;
    this.#options.log.info('peer disconnected for his conduct', { peerId, code });
    this.disconnect(peerId).catch((error: unknown) => {
      this.#options.log.warn('hang-up failed', { peerId, error: errorMessage(error) });
    });
  }

  traffic(): Traffic {
    return { ...this.#traffic };
  }

  refused(): Readonly<Record<string, number>> {
    return this.#conduct.refused();
  }

  #running(): Libp2pNode {
    if (this.#node === null) throw new DoinError({ code: 'not-running' }, 'the network port is not running');
    return this.#node;
  }
}

function peerIdOrThrow(peerId: string): PeerId {
  try {
    return peerIdFromString(peerId);
  } catch (cause) {
    throw networkError('not-connected', peerId, `${JSON.stringify(peerId)} is no peer id`, cause);
  }
}
