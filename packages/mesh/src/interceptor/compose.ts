/**
 * The function undici's `compose()` takes: requests for mesh hosts go into the mesh, all others to the next
 * dispatcher. Any thread.
 *
 * Mesh hosts are known by their name alone, whatever the scheme or the port: an interceptor is asked for one
 * agent, so nothing else is meant by `http://api.local:8080`.
 */
import type { AgentOptions } from 'node:http'

import type { MeshClient } from '../client/client.ts'
import { MeshDispatcher, type DispatcherLike, type DispatchOptions } from '../client/dispatcher.ts'
import { MeshAgent } from '../client/http-agent.ts'
import { MeshError } from '../errors.ts'
import { parseBlock, writeBlock } from '../wire/headers.ts'
import type { Mesh } from '../thread.ts'

type Dispatch = DispatcherLike['dispatch']

/** An interceptor as `new Agent().compose(interceptor)` takes it, whichever undici's types are meant. */
export type Interceptor = <Function extends (options: never, handler: never) => boolean>(
  dispatch: Function
) => Function

/** How the interceptor reaches the mesh at the moment. */
export interface Access {
  /** `null` while this thread is not in the mesh. */
  readonly mesh: Mesh | null
  /** Suffix of mesh host names, `null` while nobody has said it. */
  readonly domain: string | null
}

/** An origin, taken apart once. */
interface Place {
  /** Host with its port, `null` for one that is none of the mesh's. */
  readonly host: string | null
  /** The same without scheme and port. */
  readonly origin: string
  /** Whether the two say the same. */
  readonly plain: boolean
}

/** Origins remembered, so that a URL is not taken apart for every request. */
const PLACES_MAX = 1000

/** Makes an interceptor. `access` is asked for each request. */
export function makeInterceptor(access: () => Access): Interceptor {
  const intercept = (next: Dispatch): Dispatch => {
    const places = new Places()
    let into: { mesh: Mesh; dispatcher: MeshDispatcher } | null = null
    return (options, handler) => {
      const { mesh, domain } = access()
      if (domain === null) return next(options, handler)
      const place = places.of(options.origin, domain)
      if (place.host === null) return next(options, handler)
      if (mesh === null) throw new MeshError('MESH_UNKNOWN_HOST', { host: place.host })
      if (into?.mesh !== mesh) into = { mesh, dispatcher: dispatcherFor(mesh, next) }
      return into.dispatcher.dispatch(place.plain ? options : moved(options, place), handler)
    }
  }
  return intercept as unknown as Interceptor
}

/** An agent for `node:http` whose requests for mesh hosts go into the mesh this thread is in at the time. */
export function makeHttpAgent(access: () => Access, options: AgentOptions = {}): MeshAgent {
  const here = {
    // Asked only for hosts of the domain, and without a mesh there are none.
    get client(): MeshClient {
      return (access().mesh as Mesh).client
    },
    get domain(): string {
      const { mesh } = access()
      return mesh === null ? '.\0' : mesh.domain
    },
    get timeoutMs(): number {
      return access().mesh?.timeoutMs ?? 0
    }
  }
  return new MeshAgent(here, options)
}

function dispatcherFor(mesh: Mesh, next: Dispatch): MeshDispatcher {
  const { client, domain, timeoutMs } = mesh
  const behind: DispatcherLike = { dispatch: next }
  return new MeshDispatcher({ client, domain, timeoutMs, next: () => behind })
}

/** The same request at the mesh's own origin; the host it was sent to is still told to the application. */
function moved(options: DispatchOptions, { origin, host }: Place): DispatchOptions {
  const written = writeBlock(options.headers)
  if (written.hasHost || host === null) return { ...options, origin }
  const headers = ['host', host, ...parseBlock(written.block)]
  return { ...options, origin, headers: options.upgrade ? (options.headers ?? []) : headers }
}

class Places {
  readonly #known = new Map<string, Place>()
  #domain = ''

  of(origin: string | URL | undefined, domain: string): Place {
    const text = typeof origin === 'string' ? origin : String(origin ?? '')
    if (domain !== this.#domain || this.#known.size >= PLACES_MAX) this.#known.clear()
    this.#domain = domain
    const known = this.#known.get(text)
    if (known !== undefined) return known
    const place = placeOf(text, domain)
    this.#known.set(text, place)
    return place
  }
}

function placeOf(text: string, domain: string): Place {
  const url = URL.canParse(text) ? new URL(text) : null
  const name = url?.hostname.toLowerCase() ?? ''
  if (url === null || !name.endsWith(domain) || name.length === domain.length) {
    return { host: null, origin: text, plain: true }
  }
  return { host: url.host, origin: `http://${name}`, plain: url.protocol === 'http:' && url.port === '' }
}
