/**
 * `fetch` into an application in this thread, whatever the host of the URL.
 *
 * Any thread that is no worker of Heddle. It is node's own fetch with a dispatcher in front of the mesh: redirects,
 * streams, encodings and signals are node's. It leaves nothing in the thread's own `fetch`.
 */
import { MeshDispatcher } from '@heddle/mesh/internal'
import type { DispatcherLike, DispatchOptions } from '@heddle/mesh/internal'
import type { Mesh } from '@heddle/mesh'

/** The platform's, before somebody puts a stand-in in its place to keep an application from the network. */
const { fetch: platformFetch } = globalThis

/** What `fetch` is called with. */
export type FetchArguments = Parameters<typeof globalThis.fetch>

/** What a `fetch` into an application needs. */
export interface FetchInto {
  /** A member of the mesh that calls it. */
  readonly caller: Mesh
  /** Label of the application in the mesh. */
  readonly hostname: string
  /** What paths without a host are relative to. */
  readonly base: () => string
}

/** Makes it. */
export function fetchInto({ caller, hostname, base }: FetchInto): typeof globalThis.fetch {
  const { client, domain, timeoutMs } = caller
  const nowhere: DispatcherLike = {
    dispatch: () => {
      throw new TypeError('There is no way to other hosts here.')
    }
  }
  const inside = new MeshDispatcher({ client, domain, timeoutMs, next: () => nowhere })
  const origin = `http://${hostname}${domain}`
  const dispatcherTo = (wanted: string): DispatcherLike => ({
    dispatch: (options, handler) => {
      if (String(options.origin) !== wanted) {
        throw new TypeError(
          `The application redirects to ${String(options.origin)}, which it is not: use redirect: 'manual'.`
        )
      }
      return inside.dispatch(
        { ...options, origin, headers: withHost(options, new URL(wanted).host) },
        handler
      )
    }
  })
  return async (input, init) => {
    const isPlain = typeof input === 'string' || input instanceof URL
    const request = new Request(isPlain ? new URL(input, base()) : input, init)
    const dispatcher = dispatcherTo(new URL(request.url).origin)
    return platformFetch(request, { dispatcher } as RequestInit)
  }
}

/** The application sees the host that was asked for. Node's fetch gives its headers by name. */
function withHost({ headers }: DispatchOptions, host: string): DispatchOptions['headers'] {
  return { host, ...(headers as Record<string, string> | undefined) }
}
