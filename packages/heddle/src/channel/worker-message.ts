/**
 * Tells the messages of a worker from whatever else comes out of its thread: the port is the `parentPort` of the
 * application too, which may post what it likes. Main thread. Pure.
 *
 * An application that makes the messages of Heddle itself does harm to itself alone.
 */
import { MessagePort } from 'node:worker_threads'

import type { ErrorFacts, FromWorker } from './messages.ts'

type Check = (value: unknown) => boolean
type Shapes = {
  readonly [Type in FromWorker['type']]: {
    readonly [Key in Exclude<keyof Extract<FromWorker, { type: Type }>, 'type'>]: Check
  }
}

const isText: Check = value => typeof value === 'string'
const isFlag: Check = value => typeof value === 'boolean'
const isNumber: Check = value => typeof value === 'number'
const textOrNull: Check = value => value === null || isText(value)

const errorShape: { readonly [Key in keyof ErrorFacts]: Check } = {
  name: isText,
  message: isText,
  stack: textOrNull,
  code: textOrNull
}
const isError: Check = value => hasShape(value, errorShape)

const origins: ReadonlySet<unknown> = new Set(['uncaughtException', 'unhandledRejection', 'processExit'])

const shapes: Shapes = {
  ready: { kind: isText, hasServer: isFlag, port: value => value === null || isNumber(value) },
  failed: { error: isError },
  crashed: { origin: value => origins.has(value), error: isError, isolated: isFlag },
  loaded: { files: value => Array.isArray(value) && value.every(isText) },
  inspector: { port: isNumber, url: textOrNull },
  metrics: { port: value => value instanceof MessagePort },
  stopped: {}
}

/** What was posted, when it is a message of Heddle; `null` when it is anything else. */
export function readFromWorker(posted: unknown): FromWorker | null {
  if (typeof posted !== 'object' || posted === null || !('type' in posted)) return null
  const { type } = posted
  if (typeof type !== 'string' || !Object.hasOwn(shapes, type)) return null
  return hasShape(posted, shapes[type as FromWorker['type']]) ? (posted as FromWorker) : null
}

function hasShape(value: unknown, shape: Readonly<Record<string, Check>>): boolean {
  if (typeof value !== 'object' || value === null) return false
  return Object.entries(shape).every(([key, check]) => check(Reflect.get(value, key)))
}
