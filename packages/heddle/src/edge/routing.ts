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
}

/** Finds the destination of a request, `null` when nothing claims it. */
export type Router = (host: string, path: string) => Destination | null

/** Prepares routes for looking up. `entrypoint` takes what no route claims. */
export function createRouter(routes: readonly ResolvedRoute[], entrypoint: string | null): Router {
  if (routes.length === 0) {
    return (_host, path) =>
      entrypoint === null ? null : { application: entrypoint, path, strippedPrefix: '' }
  }
  const exact = groupByHost(routes.filter(({ host }) => host !== null && !host.startsWith('*.')))
  const wildcards = [...groupByHost(routes.filter(({ host }) => host?.startsWith('*.') === true))]
    .map(([host, group]) => ({ suffix: host.slice(1), group }))
    .toSorted((a, b) => b.suffix.length - a.suffix.length)
  const everywhere = longestFirst(routes.filter(({ host }) => host === null))
  return (host, path) => {
    const name = hostname(host)
    const found =
      firstMatch(exact.get(name) ?? [], path) ??
      firstMatch(wildcards.find(({ suffix }) => name.endsWith(suffix))?.group ?? [], path) ??
      firstMatch(everywhere, path)
    if (found !== null) return found
    return entrypoint === null ? null : { application: entrypoint, path, strippedPrefix: '' }
  }
}

function groupByHost(routes: readonly ResolvedRoute[]): Map<string, ResolvedRoute[]> {
  const groups = new Map<string, ResolvedRoute[]>()
  for (const route of longestFirst(routes)) {
    const host = (route.host ?? '').toLowerCase()
    groups.set(host, [...(groups.get(host) ?? []), route])
  }
  return groups
}

function longestFirst(routes: readonly ResolvedRoute[]): ResolvedRoute[] {
  return routes.toSorted((a, b) => b.prefix.length - a.prefix.length)
}

/** A Host value without its port, in lower case. */
function hostname(host: string): string {
  const end = host.startsWith('[') ? host.indexOf(']') + 1 : host.indexOf(':')
  return (end <= 0 ? host : host.slice(0, end)).toLowerCase()
}

function firstMatch(routes: readonly ResolvedRoute[], path: string): Destination | null {
  for (const { prefix, application, stripPrefix } of routes) {
    const bare = prefix.endsWith('/') ? prefix.slice(0, -1) : prefix
    if (!covers(bare, path)) continue
    if (!stripPrefix || bare === '') return { application, path, strippedPrefix: '' }
    const rest = path.slice(bare.length)
    return { application, path: rest.startsWith('/') ? rest : `/${rest}`, strippedPrefix: bare }
  }
  return null
}

/** Whether a prefix without its final slash covers a path: `/api` covers `/api`, `/api/x`, `/api?x`, not `/apis`. */
function covers(prefix: string, path: string): boolean {
  if (!path.startsWith(prefix)) return false
  const next = path[prefix.length]
  return prefix === '' || next === undefined || next === '/' || next === '?'
}
