/**
 * Sends datagrams to a unix socket, which Node.js itself cannot: the way to a service manager.
 *
 * Main thread only; loaded only under a service manager that wants to hear. The calls come from `node:ffi` where this
 * Node.js has it, else from the package `koffi` where that is installed, else the program `systemd-notify` is run. No
 * call waits: a full socket refuses.
 */
import { createRequire } from 'node:module'
import { join } from 'node:path'

/** The way to a socket. */
export interface Datagrams {
  /** How they are sent, for the log. */
  readonly source: 'node:ffi' | 'koffi' | 'systemd-notify'
  /** Sends one; false when it could not be sent now. */
  send(text: string): boolean
}

/** The calls of the system this takes. They return -1 when they fail. */
interface Calls {
  readonly source: 'node:ffi' | 'koffi'
  socket(domain: number, type: number, protocol: number): number
  sendto(socket: number, bytes: Buffer, flags: number, address: Buffer): number
}

// Of Linux, on every architecture Node.js is released for (sys/socket.h, linux/net.h).
const unix = 1
const datagram = 2
const closeOnExec = 0o2_000_000
const dontWait = 0x40
const noSignal = 0x4000

/** Bytes of a path in an address (sys/un.h). */
const pathMax = 108

/**
 * Finds a way to a socket.
 *
 * @param path As in `NOTIFY_SOCKET`: an absolute path, or an abstract name after `@`.
 * @param root A directory whose packages may be used.
 * @returns `null` when there is none.
 */
export function openDatagrams(path: string, root: string): Datagrams | null {
  const address = addressOf(path)
  const calls = process.platform === 'linux' && address !== null ? (fromNode() ?? fromKoffi(root)) : null
  if (address === null || calls === null) return fromProgram(path)
  const socket = calls.socket(unix, datagram | closeOnExec, 0)
  if (socket === -1) return fromProgram(path)
  return {
    source: calls.source,
    send: text => calls.sendto(socket, Buffer.from(text), dontWait | noSignal, address) !== -1
  }
}

/** The address of a unix socket as the system reads it; `null` for one of another kind, or that is too long. */
export function addressOf(path: string): Buffer | null {
  const name = Buffer.from(path)
  const isAbstract = path.startsWith('@') && name.length > 1
  if (!isAbstract && !path.startsWith('/')) return null
  if (name.length + (isAbstract ? 0 : 1) > pathMax) return null
  const family = Buffer.alloc(2)
  family[process.arch === 's390x' ? 1 : 0] = unix
  // An abstract name begins with a zero byte and has no end but its length; a path ends with one.
  if (isAbstract) return Buffer.concat([family, Buffer.alloc(1), name.subarray(1)])
  return Buffer.concat([family, name, Buffer.alloc(1)])
}

interface NodeFfi {
  dlopen(
    library: null,
    definitions: Readonly<Record<string, { arguments: readonly string[]; return: string }>>
  ): { readonly functions: Readonly<Record<string, (...args: readonly unknown[]) => unknown>> }
}

function fromNode(): Calls | null {
  const warn = Reflect.get(process, 'emitWarning') as unknown
  try {
    // That it is experimental would be the first line of every service's journal.
    Reflect.set(process, 'emitWarning', () => {})
    // By this name, since older versions and a process without permission for it must not fail to load this file.
    const ffi = process.getBuiltinModule('node:ffi') as unknown as NodeFfi | undefined
    const { socket, sendto } =
      ffi?.dlopen(null, {
        socket: { arguments: ['i32', 'i32', 'i32'], return: 'i32' },
        sendto: { arguments: ['i32', 'buffer', 'u64', 'i32', 'buffer', 'u32'], return: 'i64' }
      }).functions ?? {}
    if (socket === undefined || sendto === undefined) return null
    return {
      source: 'node:ffi',
      socket: (...args) => Number(socket(...args)),
      sendto: (descriptor, bytes, flags, address) =>
        Number(sendto(descriptor, bytes, BigInt(bytes.length), flags, address, address.length))
    }
  } catch {
    // Not permitted, or not as it was when this was written: there is another way.
    return null
  } finally {
    Reflect.set(process, 'emitWarning', warn)
  }
}

interface Koffi {
  load(library: null): { func(definition: string): (...args: readonly unknown[]) => number }
}

function fromKoffi(root: string): Calls | null {
  for (const from of [join(root, 'package.json'), import.meta.url]) {
    try {
      const koffi = createRequire(from)('koffi') as Koffi
      const library = koffi.load(null)
      const socket = library.func('int socket(int, int, int)')
      const sendto = library.func('long sendto(int, const void *, size_t, int, const void *, uint32_t)')
      return {
        source: 'koffi',
        socket: (...args) => socket(...args),
        sendto: (descriptor, bytes, flags, address) =>
          sendto(descriptor, bytes, bytes.length, flags, address, address.length)
      }
    } catch {
      // Not installed there, or not for this platform.
    }
  }
  return null
}

/** A process for each message. What it sends comes from another process than this one: see `NotifyAccess=all`. */
function fromProgram(path: string): Datagrams | null {
  const { spawn, spawnSync } = process.getBuiltinModule('node:child_process')
  const found = spawnSync('systemd-notify', ['--version'], { stdio: 'ignore', timeout: 2000 })
  if (found.status !== 0) return null
  const env = { ...process.env, NOTIFY_SOCKET: path }
  return {
    source: 'systemd-notify',
    send: text => {
      const lines = text.split('\n').filter(line => line !== '')
      const child = spawn('systemd-notify', [`--pid=${process.pid}`, '--no-block', ...lines], {
        env,
        stdio: 'ignore'
      })
      // It cannot be started: the server runs on without it.
      child.on('error', () => undefined)
      child.unref()
      return true
    }
  }
}
