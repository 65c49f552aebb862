/**
 * The two calls of the system that handing a connection over takes, and that Node.js itself does not offer:
 * a second number for a descriptor, and `close` by number. Acceptor thread.
 *
 * They come from `node:ffi` where this Node.js has it, else from the package `koffi` where that is installed. On Linux
 * the second number is closed in programs the process starts, as those are that Node.js makes (`fcntl`, since `dup`
 * cannot do that): a child process of an application would keep connections of clients open that the worker has
 * closed, for as long as it lives. Elsewhere `fcntl` cannot be called as if its arguments were fixed in number.
 */
import { createRequire } from 'node:module'
import { join } from 'node:path'

/** The calls. Both return -1 when they fail. */
export interface Descriptors {
  /** Where they come from, for the log. */
  readonly source: 'node:ffi' | 'koffi'
  /** A second number for the same open socket; on Linux no program that is started inherits it. */
  dup(descriptor: number): number
  close(descriptor: number): number
}

/** Finds the calls; `null` where nothing offers them. `root` is a directory whose packages may be used. */
export function findDescriptors(root: string): Descriptors | null {
  // On Windows sockets are no descriptors.
  if (process.platform === 'win32') return null
  return fromNode() ?? fromKoffi(root)
}

/** `F_DUPFD_CLOEXEC` of Linux: the lowest free number from the argument on, closed by `exec`. */
const duplicateClosedByExec = 1030

type Call = (...numbers: number[]) => number

interface NodeFfi {
  dlopen(
    library: null,
    definitions: Readonly<Record<string, { arguments: readonly string[]; return: string }>>
  ): { readonly functions: Readonly<Record<string, Call>> }
}

/** Finds one of the functions of the C library that take numbers and return one. */
type Finder = (name: string, numbers: number) => Call | undefined

function fromNode(): Descriptors | null {
  try {
    // By this name, since older versions and a process without permission for it must not fail to load this file.
    const ffi = process.getBuiltinModule('node:ffi') as unknown as NodeFfi | undefined
    return usable('node:ffi', (name, numbers) => {
      const types = Array.from({ length: numbers }, () => 'i32')
      return ffi?.dlopen(null, { [name]: { arguments: types, return: 'i32' } }).functions[name]
    })
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
      return usable('koffi', (name, numbers) =>
        library.func(`int ${name}(${Array.from({ length: numbers }, () => 'int').join(', ')})`)
      )
    } catch {
      // Not installed there, or not for this platform.
    }
  }
  return null
}

/** Takes the calls only when they do what their names say. */
function usable(source: Descriptors['source'], find: Finder): Descriptors | null {
  const dup = findDuplicate(find)
  const close = find('close', 1)
  if (dup === undefined || close === undefined) return null
  const copy = dup(2)
  if (copy === -1) return { source, dup, close }
  return copy > 2 && close(copy) === 0 ? { source, dup, close } : null
}

function findDuplicate(find: Finder): Call | undefined {
  if (process.platform !== 'linux') return find('dup', 1)
  const fcntl = find('fcntl', 3)
  return fcntl && (descriptor => fcntl(descriptor, duplicateClosedByExec, 0))
}
