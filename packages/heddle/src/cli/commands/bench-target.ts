/**
 * Where a load test sends its requests, and what the server there has seen of it. Main thread of a command.
 */
import { HeddleError } from '../../errors.ts'
import { ask } from '../control-client.ts'
import type { Server } from '../control-client.ts'
import { findServer } from '../find-server.ts'
import { publicAddress } from '../load-test/public-address.ts'
import type { PublicRoutes } from '../load-test/public-address.ts'
import { readSamples, viewOf } from '../load-test/server-view.ts'
import type { Samples, ServerView } from '../load-test/server-view.ts'
import type { Typed } from '../program.ts'

/** Where requests go. */
export type Aim = {
  /** With path and query. */
  readonly url: string
  /** The name to ask for; `null` for that of the URL. */
  readonly host: string | null
} & (
  | { readonly application: null; readonly server: null }
  | { readonly application: string; readonly server: Server }
)

/**
 * What was typed, as a place for requests.
 *
 * @throws HEDDLE_COMMAND_INVALID, HEDDLE_UNKNOWN_APPLICATION, HEDDLE_NOT_PUBLIC, HEDDLE_NOT_RUNNING, and what finding
 * a server does.
 */
export async function aim(typed: Typed): Promise<Aim> {
  const [target = '', path] = typed.words
  if (target.includes('://')) return aimAtUrl(typed)
  const server = await findServer(typed)
  const [{ applications, url, phase }, config] = await Promise.all([
    ask(server, { operation: 'status' }),
    ask(server, { operation: 'config' })
  ])
  if (!applications.some(({ id }) => id === target)) {
    const known = applications.map(({ id }) => id)
    throw new HeddleError('HEDDLE_UNKNOWN_APPLICATION', { application: target, known })
  }
  if (url === null) throw new HeddleError('HEDDLE_NOT_RUNNING', { asked: 'load test', phase })
  const wanted = path === undefined ? null : path.startsWith('/') ? path : `/${path}`
  const outcome = publicAddress(config as unknown as PublicRoutes, target, wanted)
  if (!outcome.found) {
    throw new HeddleError('HEDDLE_NOT_PUBLIC', { application: target, reason: outcome.reason })
  }
  const { host } = outcome.address
  return { url: new URL(outcome.address.path, url).href, host, application: target, server }
}

function refuse(reason: string): never {
  throw new HeddleError('HEDDLE_COMMAND_INVALID', { reason })
}

function aimAtUrl({ words: [target = '', path], options: { config } }: Typed): Aim {
  if (!URL.canParse(target)) return refuse(`${JSON.stringify(target)} is no URL`)
  if (!/^https?:/i.test(target)) return refuse(`${JSON.stringify(target)} is no URL of http or https`)
  // Elsewhere -c says how many connections; here it would be taken for a file, and nobody would notice.
  if (typeof config === 'string' && /^\d+$/.test(config))
    return refuse(
      `-c names a configuration, which a URL needs none of: for ${config} connections type -n ${config}`
    )
  const url = path === undefined ? new URL(target) : new URL(path, target)
  return { url: url.href, host: null, application: null, server: null }
}

/** Looks at an application before a load test, and after it at what has changed. */
export async function observe(
  server: Server,
  application: string
): Promise<{ end(): Promise<ServerView | null> }> {
  const before = await scrape(server)
  const startedAt = performance.now()
  return {
    async end() {
      const after = await scrape(server)
      if (before === null || after === null) return null
      return viewOf(application, { before, after, elapsedMs: performance.now() - startedAt })
    }
  }
}

/** The metrics; `null` where there are none: the test counts all the same. */
async function scrape(server: Server): Promise<Samples | null> {
  try {
    return readSamples(String(await ask(server, { operation: 'metrics' })))
  } catch {
    // Metrics are switched off, or the load has ended the server, which the test itself tells.
    return null
  }
}
