/**
 * Finds out under which address the public server leads to an application. Main thread of a command; pure.
 */

/** The part of the configuration in force that says it. */
export interface PublicRoutes {
  readonly entrypoint: string | null
  /** In the order they are tried. */
  readonly routes: readonly {
    readonly host: string | null
    readonly prefix: string
    readonly application: string
    readonly stripPrefix: boolean
  }[]
}

/** Where to send requests. */
export interface PublicAddress {
  /** Path and query for the public server. */
  readonly path: string
  /** The name to ask for; `null` when every name will do. */
  readonly host: string | null
}

/** An address, or why there is none, as words that follow the name of the application. */
export type AddressOutcome =
  | { readonly found: true; readonly address: PublicAddress }
  | { readonly found: false; readonly reason: string }

/**
 * The address of a path of an application.
 *
 * @param path As the application sees it, beginning with a slash; `null` for its beginning.
 */
export function publicAddress(
  routing: PublicRoutes,
  application: string,
  path: string | null
): AddressOutcome {
  const { routes, entrypoint } = routing
  const own = routes.filter(route => route.application === application)
  const offers = own.flatMap(({ host, prefix, stripPrefix }) => {
    const base = prefix === '/' ? '' : prefix
    const target = path === null ? prefix : stripPrefix ? base + path : path
    return [{ path: target, host: host?.replace(/^\*/, 'www') ?? null }]
  })
  if (entrypoint === application) offers.unshift({ path: path ?? '/', host: null })
  const address = offers.find(offer => winner(routing, offer) === application)
  if (address !== undefined) return { found: true, address }
  return { found: false, reason: whyNot(routing, application, offers) }
}

function whyNot({ routes }: PublicRoutes, application: string, offers: readonly PublicAddress[]): string {
  if (offers.length === 0)
    return 'gets no public requests: no route leads to it, and it is not the entrypoint'
  const own = routes.filter(route => route.application === application).map(({ prefix }) => prefix)
  const paths = own.length === 0 ? '' : `; its routes begin with ${own.join(', ')}`
  return `gets no public requests for that path${paths}`
}

/** Who gets a request: the first route that fits, as the edge has it. */
function winner({ routes, entrypoint }: PublicRoutes, { path, host }: PublicAddress): string | null {
  const [bare = ''] = path.split('?')
  const route = routes.find(each => fitsHost(each.host, host) && fitsPath(each.prefix, bare))
  return route?.application ?? entrypoint
}

function fitsHost(wanted: string | null, host: string | null): boolean {
  if (wanted === null) return true
  if (host === null) return false
  return wanted.startsWith('*.') ? host.endsWith(wanted.slice(1)) : host === wanted
}

function fitsPath(prefix: string, path: string): boolean {
  return prefix === '/' || path === prefix || path.startsWith(`${prefix}/`)
}
