/**
 * Finds in what an entry exports the thing that answers requests.
 *
 * Runs in worker threads. Pure: it looks at values and calls none of them; `application.ts` does. The names
 * are tried in the order of {@link offerNames}, in the module itself and then in its default export, which is
 * where CommonJS keeps them.
 */
import { isHttpServer } from './listen.ts'

/** How an exported value answers requests. `factory` has to be called first. */
export type Form = 'server' | 'fastify' | 'koa' | 'express' | 'fetch' | 'listener' | 'factory'

/** An export that can be used. */
export interface Offer {
  /** The name under which it was found. */
  readonly name: string
  readonly form: Form
  readonly value: unknown
}

/** The exports that are looked at, the first usable one wins. */
export const offerNames: readonly string[] = [
  'default',
  'app',
  'server',
  'handler',
  'fetch',
  'create',
  'build'
]

/** What an entry may offer, as a sentence for error messages. */
export const acceptedOffers: string =
  'Accepted are a default export, or one named app, server or handler, which is a request listener, an ' +
  'http.Server, a Fastify, Express or Koa application or an object with fetch(request); a function named ' +
  'fetch; a factory named create or build; or a script that calls listen(). ' +
  'A background job says so with `export const hasServer = false`.'

/** The first usable export, or `null` when there is none. */
export function recognise(exported: Readonly<Record<string, unknown>>): Offer | null {
  for (const room of rooms(exported)) {
    for (const name of offerNames) {
      const value = room[name]
      const form = classify(value, name)
      if (form !== null) return { name, form, value }
    }
  }
  return null
}

/** The names of all exports, those of CommonJS included, without what the module systems add. */
export function exportNames(exported: Readonly<Record<string, unknown>>): string[] {
  const names = rooms(exported).flatMap(room => Object.keys(room))
  return [...new Set(names)].filter(name => !bookkeeping.has(name) && !isEmptyDefault(exported, name))
}

/** The value exported under a name, by the module itself or by the object it exports as its default. */
export function findExport(exported: Readonly<Record<string, unknown>>, name: string): unknown {
  return rooms(exported).find(room => name in room)?.[name]
}

const bookkeeping = new Set(['__esModule', 'module.exports'])

function isEmptyDefault(exported: Readonly<Record<string, unknown>>, name: string): boolean {
  const value = exported[name]
  return name === 'default' && isPlainRecord(value)
}

function rooms(exported: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>>[] {
  const inner = exported.default
  return isPlainRecord(inner) ? [exported, inner] : [exported]
}

/** The `module.exports` of CommonJS, or a default export that only gathers others. */
function isPlainRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return (prototype === Object.prototype || prototype === null) && classify(value, 'default') === null
}

/** The form of one value under the name it is exported by; `null` when it cannot answer requests. */
export function classify(value: unknown, name: string): Form | null {
  if (typeof value === 'function') return classifyFunction(value, name)
  if (typeof value !== 'object' || value === null) return null
  if (isHttpServer(value)) return 'server'
  if (hasMethods(value, ['routing', 'ready', 'inject'])) return 'fastify'
  if (hasMethods(value, ['callback', 'use']) && 'middleware' in value) return 'koa'
  return hasMethods(value, ['fetch']) ? 'fetch' : null
}

function classifyFunction(value: Function, name: string): Form | null {
  if (name === 'fetch') return 'fetch'
  if (name === 'create' || name === 'build') return 'factory'
  if (hasMethods(value, ['handle', 'use'])) return 'express'
  if (isClass(value)) return null
  if (value.length === 0 && (value.name === 'create' || value.name === 'build')) return 'factory'
  // With one parameter there is no response to write to: it can only return one.
  return value.length === 1 ? 'fetch' : 'listener'
}

function hasMethods(value: object, names: readonly string[]): boolean {
  return names.every(name => typeof Reflect.get(value, name) === 'function')
}

function isClass(value: Function): boolean {
  return /^class\b/.test(Function.prototype.toString.call(value))
}
