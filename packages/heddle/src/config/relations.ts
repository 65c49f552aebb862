/**
 * Judges what one key says about another: ids that have to exist, circles, routes, the entrypoint.
 *
 * Pure, for any thread.
 */
import { BlockList, isIP } from 'node:net'

import type { Mistake } from '../errors.ts'
import type { CheckedApplication, CheckedConfig, CheckedRoute } from './checked.ts'
import { didYouMean } from './nearest.ts'
import type { ResolvedApplication, ResolvedRoute } from './resolved.ts'
import { joinPath } from './substitute.ts'

/** Reports every id that names no application and every dependency on oneself, direct or through others. */
export function judgeDependencies(
  applications: readonly ResolvedApplication[],
  ids: readonly string[],
  mistakes: Mistake[]
): void {
  const byId = new Map(applications.map(application => [application.id, application.dependencies]))
  for (const { id, dependencies } of applications) {
    const place = `${joinPath('applications', id)}.dependencies`
    judgeIds(dependencies, place, ids, mistakes)
    const circle = circleFrom(id, byId)
    // One circle is one mistake: told by the member that comes first in the alphabet.
    if (circle !== null && circle.every(member => id <= member)) {
      const message = `applications wait for each other: ${[...circle, id].join(' → ')}`
      mistakes.push({ path: place, message, offered: dependencies })
    }
  }
}

function circleFrom(start: string, byId: ReadonlyMap<string, readonly string[]>): string[] | null {
  const seen = new Set<string>()
  const walk = (id: string, trail: string[]): string[] | null => {
    for (const next of byId.get(id) ?? []) {
      if (next === start) return trail
      if (seen.has(next)) continue
      seen.add(next)
      const circle = walk(next, [...trail, next])
      if (circle !== null) return circle
    }
    return null
  }
  return walk(start, [start])
}

/** The routes in the order the edge wants: exact hosts, wildcards, every host; longest prefix first in each. */
export function resolveRoutes(
  routes: readonly CheckedRoute[],
  ids: readonly string[],
  mistakes: Mistake[]
): ResolvedRoute[] {
  const seen = new Map<string, number>()
  const resolved: ResolvedRoute[] = []
  routes.forEach(({ host, path, application, stripPrefix, requestTimeout, accessLog }, index) => {
    const place = `routes[${index}]`
    if (!ids.includes(application)) mistakes.push(unknownId(`${place}.application`, application, ids))
    const prefix = path === '/' ? path : path.replace(/\/+$/, '')
    const route = {
      host: host?.toLowerCase() ?? null,
      prefix: prefix === '' ? '/' : prefix,
      application,
      stripPrefix,
      requestTimeout: requestTimeout ?? null,
      ...(accessLog ? {} : { accessLog })
    }
    const key = `${route.host ?? ''} ${route.prefix}`
    const twin = seen.get(key)
    if (twin !== undefined) {
      mistakes.push({
        path: place,
        message: `routes[${twin}] already claims this host and path`,
        offered: routes[index]
      })
    }
    seen.set(key, index)
    resolved.push(route)
  })
  return resolved.toSorted(
    (a, b) =>
      rank(a) - rank(b) ||
      (b.host?.length ?? 0) - (a.host?.length ?? 0) ||
      (a.host ?? '').localeCompare(b.host ?? '') ||
      b.prefix.length - a.prefix.length
  )
}

function rank({ host }: ResolvedRoute): number {
  if (host === null) return 2
  return host.startsWith('*.') ? 1 : 0
}

/** The application that answers what no route claims: the one named, the only one, or that of the route `/`. */
export function resolveEntrypoint(
  config: Pick<CheckedConfig, 'entrypoint' | 'server'>,
  routes: readonly ResolvedRoute[],
  ids: readonly string[],
  mistakes: Mistake[]
): string | null {
  const { entrypoint } = config
  const { mode } = config.server
  if (mode !== 'edge' && routes.length > 0) {
    const message = `routes need server.mode "edge": in ${mode} mode the entrypoint answers everything`
    mistakes.push({ path: 'routes', message, offered: undefined })
  }
  if (entrypoint !== undefined) {
    if (!ids.includes(entrypoint)) mistakes.push(unknownId('entrypoint', entrypoint, ids))
    return entrypoint
  }
  const [only] = ids
  if (only !== undefined && ids.length === 1) return only
  const everything = routes.find(route => route.host === null && route.prefix === '/')
  if (everything !== undefined) return everything.application
  if (ids.length > 1) {
    const message = `name the application that answers what no route claims: ${list(ids)}`
    mistakes.push({ path: 'entrypoint', message, offered: undefined })
  }
  return null
}

/**
 * The applications the server is not ready without: those that get public requests, those of which it is written, and
 * what these depend on, directly or not; but none of which the opposite is written.
 *
 * @param written What is written of each, by id.
 */
export function requiredIds(
  applications: readonly ResolvedApplication[],
  written: Readonly<Record<string, { readonly required?: boolean }>>,
  publicIds: readonly string[]
): ReadonlySet<string> {
  const saysOf = (id: string): boolean | undefined =>
    Object.hasOwn(written, id) ? written[id]?.required : undefined
  const dependencies = new Map(applications.map(each => [each.id, each.dependencies]))
  const isMeant = ({ id }: ResolvedApplication): boolean => saysOf(id) ?? publicIds.includes(id)
  const required = new Set(applications.filter(isMeant).map(({ id }) => id))
  // What is added to a set while it is walked is walked as well.
  for (const id of required) {
    for (const below of dependencies.get(id) ?? []) if (saysOf(below) !== false) required.add(below)
  }
  return required
}

/**
 * Reports every application that would never be ready: it is written that it has fewer workers at most than have to
 * be. Where the machine or the command line says how many there are, fewer are enough.
 */
export function judgeMinReady(
  written: Readonly<Record<string, Pick<CheckedApplication, 'workers' | 'minReady'>>>,
  mistakes: Mistake[]
): void {
  for (const [id, { workers, minReady }] of Object.entries(written)) {
    const most = typeof workers === 'object' ? workers.max : workers
    if (most === undefined || minReady <= most) continue
    const atMost = typeof workers === 'object' ? ' at most' : ''
    const message = `the application has ${most === 1 ? '1 worker' : `${most} workers`}${atMost}, so no more can be ready`
    mistakes.push({ path: `${joinPath('applications', id)}.minReady`, message, offered: minReady })
  }
}

/** Reports an access log that nobody would write: it is the edge's. */
export function judgeAccessLog({ mode, accessLog }: CheckedConfig['server'], mistakes: Mistake[]): void {
  if (mode === 'edge' || accessLog === 'off') return
  const message = `the access log needs server.mode "edge": in ${mode} mode clients speak to the workers themselves`
  mistakes.push({ path: 'server.accessLog', message, offered: accessLog })
}

/** Reports the ids in `mesh.deny` that name no application. */
export function judgeDenials(
  deny: Readonly<Record<string, readonly string[]>>,
  ids: readonly string[],
  mistakes: Mistake[]
): void {
  for (const [caller, callees] of Object.entries(deny)) {
    const place = joinPath('mesh.deny', caller)
    if (!ids.includes(caller)) mistakes.push(unknownId(place, caller, ids))
    judgeIds(callees, place, ids, mistakes)
  }
}

/** Reports everything among `addresses` that is neither an IP address nor a range of them. */
export function judgeProxies(addresses: readonly string[], mistakes: Mistake[]): void {
  addresses.forEach((address, index) => {
    if (isAddressOrRange(address)) return
    const message = 'expected an IP address or a range such as "10.0.0.0/8"'
    mistakes.push({ path: `server.trustProxy[${index}]`, message, offered: address })
  })
}

function isAddressOrRange(text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/')
  const version = isIP(address)
  if (version === 0 || rest.length > 0) return false
  if (prefix === undefined) return true
  if (!/^\d{1,3}$/.test(prefix)) return false
  try {
    new BlockList().addSubnet(address, Number(prefix), version === 4 ? 'ipv4' : 'ipv6')
    return true
  } catch {
    // The prefix is longer than the address.
    return false
  }
}

function judgeIds(
  written: readonly string[],
  place: string,
  ids: readonly string[],
  mistakes: Mistake[]
): void {
  written.forEach((id, index) => {
    if (!ids.includes(id)) mistakes.push(unknownId(`${place}[${index}]`, id, ids))
  })
}

/** A mistake about an id that no application has. */
export function unknownId(path: string, id: string, ids: readonly string[]): Mistake {
  const message = `there is no application "${id}"${didYouMean(id, ids)}; there ${ids.length === 1 ? 'is' : 'are'} ${list(ids)}`
  return { path, message, offered: id }
}

function list(ids: readonly string[]): string {
  return ids.length === 0 ? 'none' : ids.map(id => `"${id}"`).join(', ')
}
