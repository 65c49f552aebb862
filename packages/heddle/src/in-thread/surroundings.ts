/**
 * Makes a thread look to each application in it as if it had it for itself: `process.env`, `process.argv[1]`,
 * `process.mainModule`, `process.exit()`, `listen()` and what `heddle/worker` reads.
 *
 * Any thread that is no worker of Heddle. Arranged for the first application and taken back with the last; code of no
 * application finds everything as it was meanwhile too. What an application writes into its environment stays there.
 */
import { syncBuiltinESMExports } from 'node:module'

import { publishContexts } from '../worker/context.ts'
import { watchFastify } from '../worker/kinds/fastify.ts'
import { replaceListen } from '../worker/listen.ts'
import { arrangeModules } from './modules.ts'
import { currentResident } from './resident.ts'

let residents = 0
let undo: readonly (() => void)[] = []

/** Arranges the thread for one more application; returns what says that it is gone, to be called once. */
export function arrangeThread(): () => void {
  if (residents++ === 0) {
    undo = [
      replaceListen(() => currentResident()?.interception ?? null),
      publishContexts(() => currentResident()?.context),
      watchFastify(),
      arrangeModules(),
      arrangeEnvironment(),
      arrangeProgram(),
      arrangeExit()
    ]
    syncBuiltinESMExports()
  }
  return () => {
    if (--residents > 0) return
    for (const step of undo.toReversed()) step()
    undo = []
    syncBuiltinESMExports()
  }
}

/** Puts a value in the place of a property, until what is returned is called. */
function replaceProperty(target: object, key: string, descriptor: PropertyDescriptor): () => void {
  const before = Object.getOwnPropertyDescriptor(target, key)
  const ours = { configurable: true, enumerable: before?.enumerable ?? false, ...descriptor }
  Object.defineProperty(target, key, ours)
  return () => {
    const now = Object.getOwnPropertyDescriptor(target, key)
    // What somebody has put over ours since stays.
    if (now?.value !== ours.value || now?.get !== ours.get) return
    if (before === undefined) Reflect.deleteProperty(target, key)
    else Object.defineProperty(target, key, before)
  }
}

function arrangeEnvironment(): () => void {
  const { env } = process
  const seen = (name: string | symbol): string | undefined => {
    const own = typeof name === 'string' ? currentResident()?.env : undefined
    return own?.has(String(name)) === true ? own.get(String(name)) : (Reflect.get(env, name) as string)
  }
  const proxy = new Proxy(env, {
    get: (_env, name) => seen(name),
    has: (_env, name) => {
      const own = currentResident()?.env
      return own?.has(String(name)) === true ? own.get(String(name)) !== undefined : name in env
    },
    set: (_env, name, value: unknown) => {
      const own = currentResident()?.env
      if (own === undefined || typeof name === 'symbol') return Reflect.set(env, name, value)
      own.set(name, String(value))
      return true
    },
    defineProperty: (_env, name, descriptor) => {
      const own = currentResident()?.env
      if (own === undefined || typeof name === 'symbol') return Reflect.defineProperty(env, name, descriptor)
      own.set(name, String(descriptor.value))
      return true
    },
    deleteProperty: (_env, name) => {
      const own = currentResident()?.env
      if (own === undefined || typeof name === 'symbol') return Reflect.deleteProperty(env, name)
      own.set(name, undefined)
      return true
    },
    ownKeys: () => {
      const names = new Set(Reflect.ownKeys(env))
      for (const [name, value] of currentResident()?.env ?? []) {
        if (value === undefined) names.delete(name)
        else names.add(name)
      }
      return [...names]
    },
    getOwnPropertyDescriptor: (_env, name) => {
      const value = seen(name)
      return value === undefined ? undefined : { value, configurable: true, enumerable: true, writable: true }
    }
  })
  return replaceProperty(process, 'env', { value: proxy, writable: true })
}

/** Programs ask whether they were started or only imported; see `pretendMain` of the worker's loader. */
function arrangeProgram(): () => void {
  const [, program] = process.argv
  const main = Object.getOwnPropertyDescriptor(process, 'mainModule')
  const readMain = (): unknown => (main?.get === undefined ? main?.value : main.get.call(process))
  let written: string | undefined = program
  const undoArgument = replaceProperty(process.argv, '1', {
    enumerable: true,
    get: () => currentResident()?.entry ?? written,
    set: (value: string) => {
      written = value
    }
  })
  const undoMain = replaceProperty(process, 'mainModule', {
    get: () => {
      const resident = currentResident()
      return resident?.modules == null ? readMain() : resident.modules.get(resident.entry)
    }
  })
  return () => {
    undoArgument()
    if (written !== undefined) process.argv[1] = written
    else process.argv.length = 1
    undoMain()
  }
}

/**
 * An application that gives up must not take the tests with it that run in its process. What it throws in place of
 * the exit ends its code there, and is told to whoever has started it: nobody need catch it.
 */
function arrangeExit(): () => void {
  const exit: unknown = Reflect.get(process, 'exit')
  const emit: unknown = Reflect.get(process, 'emit')
  const exits = new WeakSet()
  const leave = (...args: unknown[]): unknown => {
    const resident = currentResident()
    // The number of arguments counts: process.exit(undefined) is not process.exit().
    if (resident === undefined) return Reflect.apply(exit as () => never, process, args)
    const error = resident.exit(args[0] ?? process.exitCode ?? 0)
    exits.add(error)
    throw error
  }
  // Node asks by these events whether somebody knows what to do with an error.
  const announce = (...args: unknown[]): unknown => {
    const [name, error] = args
    const isUncaught = name === 'uncaughtException' || name === 'unhandledRejection'
    if (isUncaught && exits.has(error as object)) return true
    return Reflect.apply(emit as () => boolean, process, args)
  }
  const undoExit = replaceProperty(process, 'exit', { value: leave, writable: true })
  const undoEmit = replaceProperty(process, 'emit', { value: announce, writable: true })
  return () => {
    undoEmit()
    undoExit()
  }
}
