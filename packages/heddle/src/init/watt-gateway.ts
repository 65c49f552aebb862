/**
 * Makes routes of the prefixes of a gateway of Watt.
 *
 * Pure, for any thread.
 */
import type { RouteOptions } from '../config/options.ts'
import { isPlainObject } from '../config/substitute.ts'
import type { ForeignSettings } from './foreign-settings.ts'
import type { Fate } from './note.ts'

const composed: Fate = [
  'missing',
  'descriptions of APIs are not put together: serve that from an application'
]

/** What a gateway sends on: routes, or everything there is, below the id of each. */
export type GatewayRoutes = readonly RouteOptions[] | 'all'

/** The routes of a gateway; `null` when it is not one. What has no counterpart is told. */
export function gatewayRoutes(own: ForeignSettings): GatewayRoutes | null {
  const gateway = own.takeObject('gateway', 'composer')
  if (gateway === null) return null
  const listed = gateway.take('applications', 'services')
  const name = gateway.has('applications') ? 'applications' : 'services'
  const list = Array.isArray(listed) ? listed : []
  const routes = list.flatMap((each, index): RouteOptions[] =>
    isPlainObject(each) ? routesOf(gateway.inside(`${name}[${index}]`, each)) : []
  )
  gateway.close({
    refreshTimeout: composed,
    openapi: composed,
    graphql: composed,
    addEmptySchema: composed,
    proxies: ['missing', 'write routes']
  })
  return Array.isArray(listed) ? routes : 'all'
}

function routesOf(application: ForeignSettings): RouteOptions[] {
  const id = application.takeText('id') ?? ''
  if (application.take('proxy') === false) {
    application.tell('proxy', 'unneeded', 'nothing leads to it from outside')
    return []
  }
  const isDescribed = application.has('openapi') && !application.has('proxy')
  const proxy = application.takeInner('proxy')
  const openapi = application.takeInner('openapi')
  const written = proxy.takeText('prefix') ?? openapi.takeText('prefix') ?? `/${id}`
  const prefix = written.startsWith('/') ? written : `/${written}`
  const rewrite = proxy.takeText('rewritePrefix')
  if (isDescribed) {
    const text = `everything below ${prefix} goes to ${id}, whether it is described or not`
    application.tell('openapi', 'differs', text)
  }
  proxy.close(proxyFates)
  openapi.close({ url: composed, config: composed, file: composed })
  application.close({
    graphql: composed,
    origin: [
      'missing',
      'routes lead to applications of the server; what is elsewhere is called by an application'
    ]
  })
  if (id === '') return []
  // Watt takes the prefix away unless it is told to put something in its place.
  const isKept = rewrite === prefix || prefix === '/'
  if (!isKept && rewrite !== undefined && rewrite !== '/') {
    proxy.tell('rewritePrefix', 'missing', `${prefix} is taken away, and ${rewrite} is not put in its place`)
  }
  return [{ path: prefix, application: id, ...(isKept ? {} : { stripPrefix: true }) }]
}

const proxyFates: Readonly<Record<string, Fate>> = {
  upstream: ['missing', 'routes lead to applications of the server'],
  methods: ['missing', 'a route is for all methods'],
  routes: ['missing', 'a route is for everything below its path: write one for each path'],
  hostname: ['differs', 'a route has a host of its own (routes.host)'],
  ws: ['unneeded', 'WebSockets go where requests go'],
  custom: ['missing', 'no code runs in the threads that hold the public port: do that in an application'],
  rewriteLocationHeader: ['unneeded', 'headers of answers stay as they are']
}
