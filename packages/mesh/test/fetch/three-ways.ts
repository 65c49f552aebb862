/**
 * Runs one call of `fetch` in three ways and looks at what comes of it: node's own over a socket, node's own
 * over the mesh's dispatcher, and the mesh's short path.
 */
import dns from 'node:dns'

import { Fleet, type Hand, type Undoing } from '../fixtures/fleet.ts'

/** One of the ways. */
export interface Way {
  readonly name: 'socket' | 'dispatcher' | 'short path'
  readonly fetch: typeof fetch
  /** Origin of the handler, without a slash at its end. */
  readonly base: string
}

/** Something a caller does with `fetch`. */
export type Act = (fetch: Way['fetch'], base: string) => Promise<unknown>

/** The ways to one origin. */
export class ThreeWays {
  readonly origin: Hand
  readonly ways: readonly [Way, Way, Way]
  /** Calls the short path has passed on. */
  readonly passedOn: () => number

  private constructor(origin: Hand, ways: readonly [Way, Way, Way], passedOn: () => number) {
    this.origin = origin
    this.ways = ways
    this.passedOn = passedOn
  }

  /** Installs the mesh's globals in this thread; `undoing` takes them back. */
  static async open(undoing: Undoing, domain = '.heddle.test'): Promise<ThreeWays> {
    undoing.after(resolveLocally())
    const own = globalThis.fetch
    let passedOn = 0
    const counting: typeof fetch = (...args) => {
      passedOn++
      return own(...args)
    }
    globalThis.fetch = counting
    undoing.after(() => {
      globalThis.fetch = own
    })
    const fleet = new Fleet(undoing, { domain })
    const origin = await fleet.start('api', '../fetch/origin.ts')
    const port = (await origin.call('listen')) as number
    fleet.join().mesh.installGlobals()
    const mesh = `http://api${domain}`
    return new ThreeWays(
      origin,
      [
        { name: 'socket', fetch: own, base: `${mesh}:${port}` },
        { name: 'dispatcher', fetch: own, base: mesh },
        { name: 'short path', fetch: globalThis.fetch, base: mesh }
      ],
      () => passedOn
    )
  }

  /** What an act comes to in each way, failures as values, origins made equal. */
  async run(act: Act): Promise<{ readonly [name in Way['name']]: unknown }> {
    const [socket, dispatcher, short] = this.ways
    return {
      socket: await outcome(socket, act),
      dispatcher: await outcome(dispatcher, act),
      'short path': await outcome(short, act)
    }
  }
}

function local(_host: string, options: { all?: boolean }, done: (...args: unknown[]) => void): void {
  if (options.all === true) done(null, [{ address: '127.0.0.1', family: 4 }])
  else done(null, '127.0.0.1', 4)
}

/** Orders pairs by their first. */
export function byName([one = '']: readonly string[], [other = '']: readonly string[]): number {
  return one < other ? -1 : Number(one > other)
}

/** The mesh's dispatcher puts a request's length elsewhere among its headers: an outcome without their order. */
export function sorted(outcome: unknown): unknown {
  return JSON.parse(JSON.stringify(outcome), (key, value: unknown) =>
    key === 'headers' && Array.isArray(value) ? value.toSorted(byName) : value
  )
}

/** Until it is undone, this thread finds every name on this machine: hosts are called the same in every way. */
function resolveLocally(): () => void {
  const { lookup } = dns
  dns.lookup = local as unknown as typeof lookup
  return () => {
    dns.lookup = lookup
  }
}

async function outcome({ fetch, base }: Way, act: Act): Promise<unknown> {
  let seen: unknown
  try {
    seen = { value: await act(fetch, base) }
  } catch (error) {
    seen = { failure: failure(error) }
  }
  const text = JSON.stringify(seen, (_key, value: unknown) => (value === undefined ? 'undefined' : value))
  return JSON.parse(text.replaceAll(base, 'BASE').replaceAll(new URL(base).host, 'HOST'))
}

/** An error as it can be compared. */
export function failure(error: unknown): unknown {
  if (!(error instanceof Error)) return { thrown: error }
  const { name, message, cause } = error
  return { type: error.constructor.name, name, message, cause: cause === undefined ? null : failure(cause) }
}

/** Headers of a connection, and those that tell the time. */
const ofConnections = new Set(['connection', 'keep-alive', 'transfer-encoding', 'date', 'host'])

/** A response with its body, as it can be compared. */
export async function look(response: Response): Promise<unknown> {
  const { status, statusText, ok, type, redirected, url, bodyUsed } = response
  const headers = [...response.headers].filter(([name]) => !ofConnections.has(name))
  const body = response.body === null ? null : typeof response.body
  const text = await response.text()
  const facts = { status, statusText, ok, type, redirected, url, headers, body }
  return { ...facts, bodyUsed, text, usedNow: response.bodyUsed }
}

/** The request as the handler of `/echo` has seen it. */
export async function seen(response: Response): Promise<{ headers: [string, string][]; body: string }> {
  const { rawHeaders, ...rest } = (await response.json()) as { rawHeaders: string[]; body: string }
  const headers: [string, string][] = []
  for (let i = 0; i < rawHeaders.length; i += 2) headers.push([rawHeaders[i] ?? '', rawHeaders[i + 1] ?? ''])
  return { ...rest, headers: headers.filter(([name]) => !ofConnections.has(name.toLowerCase())) }
}
