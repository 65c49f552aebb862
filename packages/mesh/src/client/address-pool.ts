/**
 * The connections of this thread to one network address. Any thread, client side.
 *
 * node's own agents keep them; what is decided here is which of them may be used again. A server may close
 * an idle connection at the moment a request leaves on it, and from outside that looks like a server that
 * died over the request. An idempotent one is sent again on a new connection (RFC 9112, section 9.3.1).
 * Any other must not be, since nobody can tell whether it was begun: so it only goes out on a new connection
 * or on one that has answered within {@link FRESH_MS}, and no server closes those for idleness. What
 * remains is a server that closes a connection it has just used, without having said so: that request fails
 * as one that may have begun.
 */
import type { Agent, ClientRequest, RequestOptions } from 'node:http'
import type { AgentOptions } from 'node:https'
import type { Socket } from 'node:net'

/**
 * Milliseconds an idle connection is kept. Below the 5 s of node's and Apache's servers; one that announces
 * less (`Keep-Alive: timeout`) is left a second earlier than it says, which is node's agent's doing.
 */
const IDLE_MS = 4000

/** Milliseconds an idle connection is good for a request that cannot be repeated: servers wait for seconds. */
const FRESH_MS = 1000

/** Milliseconds a connection may take to open, its TLS handshake included; undici's default too. */
const CONNECT_MS = 10_000

/** Bytes the head of an answer may have: it is bounded, but not held to what is right for strangers. */
const MAX_HEAD = 256 * 1024

/** Where an upstream listens. */
interface Target {
  readonly secure: boolean
  /** What node is to connect to. */
  readonly options: RequestOptions & AgentOptions
}

/** Something that opens requests: `node:http` or `node:https`. */
interface HttpModule {
  readonly Agent: new (options: AgentOptions) => Agent
  request(options: RequestOptions): ClientRequest
}

/** The parts of a request node has to know. */
export interface PooledRequest {
  readonly method: string
  readonly path: string
  readonly headers: readonly string[]
  /** The connection becomes a tunnel: it is not shared, and each of its sides closes for itself. */
  readonly upgrade: boolean
  readonly idempotent: boolean
  /** Not on a connection that was used before. */
  readonly unused: boolean
}

/** Connections to one address. */
export class AddressPool {
  readonly #http: HttpModule
  readonly #secure: boolean
  readonly #agent: Agent
  #tunnels: Agent | null = null
  readonly #connection: RequestOptions & AgentOptions
  readonly #freedMs = new WeakMap<object, number>()

  /**
   * @param connectMs Milliseconds a connection may take to open.
   * @throws TypeError for something that is no address.
   */
  constructor(address: string, connectMs: number = CONNECT_MS) {
    const { secure, options } = parseAddress(address)
    this.#secure = secure
    // Loaded by the first address of the thread: most threads never see one.
    const loaded: unknown = process.getBuiltinModule(secure ? 'node:https' : 'node:http')
    this.#http = loaded as HttpModule
    this.#connection = { ...options, timeout: connectMs, maxHeaderSize: MAX_HEAD }
    // The request's own time limit takes its place while there is a request.
    this.#agent = new this.#http.Agent({ keepAlive: true, scheduling: 'lifo', timeout: IDLE_MS })
    const keep = this.#agent.keepSocketAlive.bind(this.#agent) as unknown as (socket: Socket) => boolean
    Reflect.set(this.#agent, 'keepSocketAlive', (socket: Socket) => {
      const kept = keep(socket)
      this.#freedMs.set(socket, performance.now())
      return kept
    })
  }

  /**
   * Opens a request; its body is the caller's to send.
   *
   * @throws what node throws for one that cannot be sent.
   */
  open(request: PooledRequest): ClientRequest {
    const { method, path, headers, upgrade, idempotent, unused } = request
    if (unused) this.#dropIdle(0)
    else if (!idempotent) this.#dropIdle(FRESH_MS)
    const agent = upgrade ? this.#tunnelAgent() : this.#agent
    const opened = this.#http.request({ ...this.#connection, agent, method, path, headers })
    // node leaves out what is beyond its limit, and says nothing; MAX_HEAD is the limit.
    opened.maxHeadersCount = 0
    return opened
  }

  /** Whether a connection is open, so that a request may have left on it. */
  isOpen(socket: Socket): boolean {
    return !socket.connecting && !(this.#secure && Reflect.get(socket, 'secureConnecting') === true)
  }

  /** The event with which a connection opens. */
  get openEvent(): 'secureConnect' | 'connect' {
    return this.#secure ? 'secureConnect' : 'connect'
  }

  /** Closes every connection at once. */
  close(): void {
    this.#agent.destroy()
    this.#tunnels?.destroy()
  }

  #tunnelAgent(): Agent {
    const options: AgentOptions & { allowHalfOpen: boolean } = { keepAlive: false, allowHalfOpen: true }
    return (this.#tunnels ??= new this.#http.Agent(options))
  }

  /** Closes idle connections when even the one used last has rested for so long: it is the one node takes. */
  #dropIdle(restedMs: number): void {
    for (const idle of Object.values(this.#agent.freeSockets)) {
      const last = idle?.at(-1)
      if (last === undefined) continue
      if (performance.now() - (this.#freedMs.get(last) ?? 0) < restedMs) continue
      for (const socket of [...(idle ?? [])]) socket.destroy()
    }
  }
}

/**
 * Reads an address.
 *
 * @throws TypeError for something that is no address.
 */
export function parseAddress(address: string): Target {
  if (address.startsWith('unix:/')) {
    return { secure: false, options: { socketPath: address.slice('unix:'.length) } }
  }
  const url = URL.canParse(address) ? new URL(address) : null
  const secure = url?.protocol === 'https:'
  const bare = url !== null && `${url.username}${url.password}${url.search}${url.hash}` === ''
  if (!bare || url.pathname !== '/' || !(secure || url.protocol === 'http:')) {
    throw new TypeError(`An address is http://host:port, https://host:port or unix:/path, not ${address}.`)
  }
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const port = url.port === '' ? (secure ? 443 : 80) : Number(url.port)
  // The name the certificate is for: that of the address, not of the mesh host. An IP address is none.
  const servername = /^[\d.]+$|:/.test(host) ? '' : host
  return { secure, options: secure ? { host, port, servername } : { host, port } }
}

/** The error of a connection that was closed without one. */
export function closedError(): Error {
  return Object.assign(new Error('the connection was closed'), { code: 'ECONNRESET' })
}

/** The error of a connection that took too long to open. */
export function timeoutError(): Error {
  return Object.assign(new Error('the connection did not open in time'), { code: 'ETIMEDOUT' })
}
