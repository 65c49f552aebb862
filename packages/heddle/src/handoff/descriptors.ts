/**
 * The two calls of the system that handing a connection over takes, and that Node.js itself does not offer:
 * `dup` and `close` of a descriptor by its number. Acceptor thread.
 *
 * They come from `node:ffi` where this Node.js has it, else from the package `koffi` where that is installed.
 */
import { createRequire } from 'node:module'
import { join } from 'node:path'

/** The calls. Both return -1 when they fail. */
export interface Descriptors {
  /** Where they come from, for the log. */
  readonly source: 'node:ffi' | 'koffi'
  /** A second number for the same open socket. */
  dup(descriptor: number): number
  close(descriptor: number): number
}

/** Finds the calls; `null` where nothing offers them. `root` is a directory whose packages may be used. */
export function findDescriptors(root: string): Descriptors | null {
  // On Windows sockets are no descriptors.
  if (process.platform === 'win32') return null
  return fromNode() ?? fromKoffi(root)
}

type Call = (descriptor: number) => number

interface NodeFfi {
  dlopen(
    library: null,
    definitions: Readonly<Record<string, { arguments: readonly string[]; return: string }>>
  ): { readonly functions: Readonly<Record<string, Call>> }
}

function fromNode(): Descriptors | null {
  try {
    // By this name, since older versions and a process without permission for it must not fail to load this file.
    const ffi = process.getBuiltinModule('node:ffi') as unknown as NodeFfi | undefined
    const call = { arguments: ['i32'], return: 'i32' }
    const functions = ffi?.dlopen(null, { dup: call, close: call }).functions
    return usable('node:ffi', functions?.['dup'], functions?.['close'])
  } catch {
    // Not permitted, or not as it was when this was written: there is another way.
    return null
  }
}

interface Koffi {
  load(library: null): { func(definition: string): Call }
}

function fromKoffi(root: string): Descriptors | null {
  for (const from of [join(root, 'package.json'), import.meta.url]) {
    try {
      const koffi = createRequire(from)('koffi') as Koffi
      const library = koffi.load(null)
      return usable('koffi', library.func('int dup(int)'), library.func('int close(int)'))
    } catch {
      // Not installed there, or not for this platform.
    }
  }
  return null
}

/** Takes the calls only when they do what their names say. */
function usable(source: Descriptors['source'], dup?: Call, close?: Call): Descriptors | null {
  if (dup === undefined || close === undefined) return null
  const copy = dup(2)
  if (copy === -1) return { source, dup, close }
  return copy > 2 && close(copy) === 0 ? { source, dup, close } : null
}
