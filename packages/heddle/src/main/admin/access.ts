/**
 * Who may ask the administrative port, as far as the head of a request tells: names it may be reached by, and web
 * pages that may not reach it at all.
 *
 * Main thread only. Pure. A page of somebody else's in an operator's browser can send requests to ports of this
 * machine. With a name of its own that it lets point here ("DNS rebinding") it could read the answers too, which the
 * check of the host prevents: such a page can only ask for its own name.
 */
import { isIP } from 'node:net'

/** What a request says about where it comes from. */
export interface Claims {
  readonly host: string | undefined
  readonly origin: string | undefined
  /** `sec-fetch-site`: browsers send it, and no page can change it. */
  readonly site: string | undefined
}

/** Names a server may be asked by. */
export interface Names {
  /** The address it listens on. */
  readonly hostname: string
  /** The name of the machine. */
  readonly machine: string
  /** Further names; `*.example.com` for any subdomain. */
  readonly allowedHosts: readonly string[]
}

/** Why the host of a request is refused, as a sentence; `null` when it is one of the server's. */
export function judgeHost({ host }: Claims, names: Names): string | null {
  // Only programs that speak HTTP/1.0 have none; browsers always send one.
  if (host === undefined || host === '') return null
  const name = hostnameOf(host)
  if (name !== null && isOwnName(name, names)) return null
  return `${JSON.stringify(host)} is no name of this server: add it to admin.allowedHosts if it is meant to be one.`
}

/** Why a request that a web page has sent is refused, as a sentence; `null` when none has, or one of the server's own. */
export function judgeOrigin({ host, origin, site }: Claims): string | null {
  const refusal = 'Web pages of other origins may not use the management API.'
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return refusal
  if (origin === undefined) return null
  const theirs = URL.canParse(origin) ? new URL(origin).host : null
  const ours = host !== undefined && URL.canParse(`http://${host}`) ? new URL(`http://${host}`).host : null
  return theirs !== null && theirs === ours ? null : refusal
}

/** Whether the address can be reached from this machine alone. */
export function isLoopback(hostname: string): boolean {
  const name = hostname.toLowerCase()
  return (
    name === '::1' || name === '[::1]' || isLocalName(name) || (isIP(name) === 4 && name.startsWith('127.'))
  )
}

/** Names that no resolver looks up elsewhere (RFC 6761). */
function isLocalName(name: string): boolean {
  return name === 'localhost' || name.endsWith('.localhost')
}

function isOwnName(name: string, { hostname, machine, allowedHosts }: Names): boolean {
  // A page at an address can only be one that is served there.
  if (isIP(name) !== 0 || isLocalName(name)) return true
  if (name === hostname.toLowerCase() || name === machine.toLowerCase()) return true
  return allowedHosts.some(allowed => {
    const wanted = allowed.toLowerCase()
    return wanted.startsWith('*.') ? name.endsWith(wanted.slice(1)) : name === wanted
  })
}

/** The host name without port and brackets, in lower case; `null` when it is none. */
function hostnameOf(host: string): string | null {
  const match = /^(?:\[([\da-f:.]+)\]|([^:[\]/?#@\s]+))(?::\d{1,5})?$/i.exec(host)
  const name = (match?.[1] ?? match?.[2])?.toLowerCase().replace(/\.$/, '')
  return name === undefined || name === '' ? null : name
}
