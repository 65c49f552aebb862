/**
 * A real datagram socket for tests, as a service manager has one: made with the calls of the system, since Node.js
 * offers none. Looked at from time to time; nothing announces what comes.
 */
import { createRequire } from 'node:module'
import type { TestContext } from 'node:test'

import { addressOf } from '../../../src/main/notify/datagrams.ts'

interface Library {
  func(definition: string): (...args: readonly unknown[]) => number
}

/** A socket that is bound. */
export interface DatagramSocket {
  /** Every message so far, in order. */
  readonly messages: string[]
  /** Resolves with the first message that has this in it, of those not taken yet; rejects after a minute. */
  next(part: string): Promise<string>
  /** Reads no more until {@link DatagramSocket.resume}. */
  pause(): void
  resume(): void
}

/** Binds a socket to a path, or to an abstract name after `@`, until the test is over. */
export function bindDatagrams(t: TestContext, path: string): DatagramSocket {
  const koffi = createRequire(import.meta.url)('koffi') as { load(library: null): Library }
  const library = koffi.load(null)
  const call = {
    socket: library.func('int socket(int, int, int)'),
    bind: library.func('int bind(int, const void *, uint32_t)'),
    recv: library.func('long recv(int, void *, size_t, int)'),
    close: library.func('int close(int)')
  }
  const address = addressOf(path)
  if (address === null) throw new Error(`${path} is no address.`)
  const socket = call.socket(1, 2, 0)
  if (call.bind(socket, address, address.length) !== 0) throw new Error(`${path} cannot be bound.`)
  const messages: string[] = []
  let taken = 0
  const state = { isPaused: false, wake: noop }
  const bytes = Buffer.alloc(8192)
  const look = setInterval(() => {
    const dontWait = 0x40
    while (!state.isPaused) {
      const length = call.recv(socket, bytes, bytes.length, dontWait)
      if (length < 0) return
      messages.push(bytes.toString('utf8', 0, length))
      state.wake()
    }
  }, 2)
  t.after(() => {
    clearInterval(look)
    call.close(socket)
  })
  const next = async (part: string): Promise<string> => {
    for (;;) {
      const found = messages.findIndex((message, index) => index >= taken && message.includes(part))
      if (found !== -1) {
        taken = found + 1
        return messages[found] ?? ''
      }
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      state.wake = resolve
      const late = setTimeout(() => reject(new Error(`No ${part} came: ${messages.join(' | ')}`)), 60_000)
      // oxlint-disable-next-line no-await-in-loop -- Messages come one after another.
      await promise.finally(() => clearTimeout(late))
    }
  }
  return {
    messages,
    next,
    pause: () => {
      state.isPaused = true
    },
    resume: () => {
      state.isPaused = false
    }
  }
}

function noop(): void {}
