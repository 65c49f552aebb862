/** Applications on the thread of the tests, for the tests of this folder, and what they may leave changed there. */
import assert from 'node:assert/strict'
import { Server } from 'node:http'
import { createRequire } from 'node:module'
import type { TestContext } from 'node:test'

import { startInThread } from '../../src/index.ts'
import type { InThreadApplication, StartInThreadOptions } from '../../src/index.ts'

/** Where the applications made for tests are. */
export const applications: URL = new URL('../fixtures/applications/', import.meta.url)

/** Starts one of them; it is closed when the test is over. */
export async function start(
  t: TestContext,
  path: string,
  options: StartInThreadOptions = {}
): Promise<InThreadApplication> {
  const application = await startInThread(new URL(path, applications), options)
  t.after(() => application.close())
  return application
}

/** What `in-thread/app.mjs` answers. */
export interface Seen {
  readonly identity: { readonly name: string; readonly application: string }
  readonly isHeddle: boolean
  readonly publicUrl: string | null
  readonly isReady: boolean
  readonly stage?: string
  readonly later?: string
  readonly names: readonly string[]
  readonly isMain: boolean
  readonly visits: number
}

/** Asks it. */
export async function look(application: InThreadApplication): Promise<Seen> {
  return (await application.inject('/')).json<Seen>()
}

/** What a thread has that an application on it might leave changed: things by their identity, and values as text. */
export function surroundings(): Readonly<Record<string, unknown>> {
  const { env, argv } = process
  const nodeModule = createRequire(import.meta.url)('node:module') as { _cache: object }
  const mine = Object.keys(nodeModule._cache).filter(file => file.includes('/applications/'))
  return {
    env,
    exit: Reflect.get(process, 'exit'),
    emit: Reflect.get(process, 'emit'),
    listen: Reflect.get(Server.prototype, 'listen') as unknown,
    cache: nodeModule._cache,
    fetch: globalThis.fetch,
    log: Reflect.get(console, 'log'),
    write: Reflect.get(process.stdout, 'write'),
    main: Object.getOwnPropertyDescriptor(process, 'mainModule')?.value as unknown,
    variables: JSON.stringify(env),
    argv: JSON.stringify(argv),
    argument: JSON.stringify(Object.getOwnPropertyDescriptor(argv, '1')),
    modules: JSON.stringify(mine),
    worker: Symbol.for('heddle.worker') in globalThis,
    listeners: JSON.stringify(process.eventNames().map(name => [String(name), process.listenerCount(name)]))
  }
}

/** Fails with what is not as it was. */
export function assertAsBefore(before: Readonly<Record<string, unknown>>): void {
  const now = surroundings()
  // Not deeply: the cache of modules knows everything.
  const changed = Object.keys(before).filter(name => !Object.is(before[name], now[name]))
  assert.deepEqual(
    changed.map(name => [name, before[name], now[name]]),
    []
  )
}
