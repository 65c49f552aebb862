/**
 * Decides which application answers a request. Edge thread; pure.
 *
 * Routes for the exact host come before those for `*.domain`, those before routes for every host;
 * within each, the longest prefix wins. A prefix matches whole path segments only.
 */
import type { ResolvedRoute } from '../config/resolved.ts'

/** Where a request goes. */
export interface Destination {
  readonly application: string
  /** Request target as the application is to see it. */
  readonly path: string
  /** The prefix that was taken off, or an empty string. */
  readonly strippedPrefix: string
  /** Milliseconds until the response head; 0 waits for ever. */
  readonly timeoutMs: number
  /** Whether it is in the access log, when there is one. */
  readonly isLogged: boolean
}

/** What requests are sent by. */
export interface Routes {
  readonly routes: readonly ResolvedRoute[]
  /** Takes what no route claims; `null` refuses it. */
  readonly entrypoint: string | null
  /** Milliseconds for requests whose route does not say; 0 waits for ever. */
  readonly requestTimeout: number
}

/** Finds the destination of a request, `null` when nothing claims it. */
export type Router = (host: string, path: string) => Destination | null

/** Prepares routes for looking up. */
export function createRouter({ routes: given, entrypoint, requestTimeout }: Routes): Router {
  const toEntrypoint = (path: string): Destination | null =>
    entrypoint === null
      ? null
      : { application: entrypoint, path, strippedPrefix: '', timeoutMs: requestTimeout, isLogged: true }
  if (given.length === 0) return (_host, path) => toEntrypoint(path)
  const routes = given.map(route => ({ ...route, timeoutMs: route.requestTimeout ?? requestTimeout }))
  const exact = groupByHost(routes.filter(({ host }) => host !== null && !host.startsWith('*.')))
  const wildcards = [...groupByHost(routes.filter(({ host }) => host?.startsWith('*.') === true))]
    .map(([host, group]) => ({ suffix: host.slice(1), group }))
    .toSorted((a, b) => b.suffix.length - a.suffix.length)
  const everywhere = longestFirst(routes.filter(({ host }) => host === null))
  return (host, path) => {
    const name = hostname(host)
    return (
      firstMatch(exact.get(name) ?? [], path) ??
      firstMatch(wildcards.find(({ suffix }) => name.endsWith(suffix))?.group ?? [], path) ??
      firstMatch(everywhere, path) ??
      toEntrypoint(path)
    )
  }
}

/** A route with the time its requests have. */
type TimedRoute = ResolvedRoute & { readonly timeoutMs: number }

function groupByHost(routes: readonly TimedRoute[]): Map<string, TimedRoute[]> {
  const groups = new Map<string, TimedRoute[]>()
  for (const route of longestFirst(routes)) {
    const host = (route.host ?? '').toLowerCase()
    groups.set(host, [...(groups.get(host) ?? []), route])
  }
  return groups
}

function longestFirst(routes: readonly TimedRoute[]): TimedRoute[] {
  return routes.toSorted((a, b) => b.prefix.length - a.prefix.length)
}

/** A Host value without its port and the dot a full name may end with, in lower case. */
function hostname(host: string): string {
  const end = host.startsWith('[') ? host.indexOf(']') + 1 : host.indexOf(':')
  const name = (end <= 0 ? host : host.slice(0, end)).toLowerCase()
  return name.endsWith('.') ? name.slice(0, -1) : name
}

function firstMatch(routes: readonly TimedRoute[], path: string): Destination | null {
  for (const { prefix, application, stripPrefix, timeoutMs, accessLog } of routes) {
    const bare = prefix.endsWith('/') ? prefix.slice(0, -1) : prefix
    if (!covers(bare, path)) continue
    const isLogged = accessLog ?? true
    if (!stripPrefix || bare === '') return { application, path, strippedPrefix: '', timeoutMs, isLogged }
    const rest = path.slice(bare.length)
    const shown = rest.startsWith('/') ? rest : `/${rest}`
    return { application, path: shown, strippedPrefix: bare, timeoutMs, isLogged }
  }
  return null
}

/** Whether a prefix without its final slash covers a path: `/api` covers `/api`, `/api/x`, `/api?x`, not `/apis`. */
function covers(prefix: string, path: string): boolean {
  if (!path.startsWith(prefix)) return false
  const next = path[prefix.length]
  return prefix === '' || next === undefined || next === '/' || next === '?'
}
