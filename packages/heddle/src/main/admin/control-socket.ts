/**
 * The socket for commands: the management API at a unix socket that only this user can open.
 *
 * Main thread only. No token is asked for: whoever may open the socket may also send signals to the process.
 */
import { once } from 'node:events'
import { chmodSync, renameSync, writeFileSync } from 'node:fs'
import type { Server } from 'node:http'
import { join } from 'node:path'

import { answersAt, mistrust, removeFile, removeStale, socketPathMax } from '../../control/server-facts.ts'
import type { ServerFacts } from '../../control/server-facts.ts'
import { HeddleError } from '../../errors.ts'
import type { Clock } from '../../shared/clock.ts'
import { makeDirectory } from '../../shared/make-directory.ts'
import type { Api } from './api.ts'
import { closeHttp, createHttp } from './http.ts'

/** What is known of a server before its socket is open. */
export type Introduction = Omit<ServerFacts, 'pid' | 'socket' | 'startedAt'>

/** The socket of one server. */
export class ControlSocket {
  readonly #directory: string
  readonly #api: Api
  readonly #clock: Clock
  #server: Server | null = null
  #path: string | null = null
  #facts: ServerFacts | null = null
  #opening: Promise<string> | null = null

  /** @param directory Where the socket is made; the directory itself is made when it is absent. */
  constructor(directory: string, api: Api, clock: Clock) {
    this.#directory = directory
    this.#api = api
    this.#clock = clock
  }

  /**
   * Opens the socket, removes those of servers that are gone, and resolves with its path.
   *
   * @throws HEDDLE_SOCKET_FAILED
   */
  open(introduction: Introduction): Promise<string> {
    this.#opening ??= this.#open(introduction)
    return this.#opening
  }

  /** Tells those who look for the server what has changed about it. @throws what the file system says. */
  introduce(changes: Partial<Introduction>): void {
    if (this.#facts === null) return
    this.#facts = { ...this.#facts, ...changes }
    writeFacts(this.#facts)
  }

  /** Closes the socket and removes it. Answers that are being written get a moment. */
  async close(): Promise<void> {
    await this.#opening?.catch(() => null)
    const server = this.#server
    if (server?.listening === true) {
      if (this.#facts !== null) removeFile(factsPath(this.#facts.socket))
      this.#facts = null
      this.#api.endStreams()
      await closeHttp(server, this.#clock)
    }
    if (this.#path !== null) taken.delete(this.#path)
    this.#path = null
  }

  async #open(introduction: Introduction): Promise<string> {
    const directory = this.#directory
    prepare(directory)
    await removeStale(directory)
    const socket = await takePath(directory)
    this.#path = socket
    if (Buffer.byteLength(socket) > socketPathMax) {
      fail(
        socket,
        `its path is longer than the ${socketPathMax} bytes the system allows: set XDG_RUNTIME_DIR to a shorter one`
      )
    }
    const server = createHttp((request, response) => {
      const [pathname = '/', query = ''] = (request.url ?? '/').split('?', 2)
      void this.#api.answer({ request, response, pathname, query, via: 'socket' })
    })
    this.#server = server
    try {
      const listening = once(server, 'listening')
      server.listen({ path: socket })
      await listening
      chmodSync(socket, 0o600)
    } catch (error) {
      fail(socket, error instanceof Error ? error.message : String(error), error)
    }
    // The process does not stay for its commands.
    server.unref()
    this.#facts = { ...introduction, pid: process.pid, socket, startedAt: new Date().toISOString() }
    try {
      writeFacts(this.#facts)
    } catch (error) {
      fail(socket, error instanceof Error ? error.message : String(error), error)
    }
    return socket
  }
}

function prepare(directory: string): void {
  try {
    makeDirectory(directory, 0o700)
  } catch (error) {
    fail(directory, error instanceof Error ? error.message : String(error), error)
  }
  const reason = mistrust(directory)
  if (reason !== null) fail(directory, `the directory ${reason}`)
}

/** Paths of this process: a server that is about to listen answers at its own no more than one that is not there. */
const taken = new Set<string>()

/** The number of the process; with another number behind it when a second server of one process is asked for. */
async function takePath(directory: string): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    const socket = join(directory, `${process.pid}${attempt === 1 ? '' : `-${attempt}`}.sock`)
    if (taken.has(socket)) continue
    taken.add(socket)
    if (await answersAt(socket)) {
      taken.delete(socket)
      continue
    }
    removeFile(socket)
    return socket
  }
}

function factsPath(socket: string): string {
  return socket.replace(/\.sock$/, '.json')
}

/** At once or not at all: nobody reads half of it. */
function writeFacts(facts: ServerFacts): void {
  const path = factsPath(facts.socket)
  writeFileSync(`${path}.new`, `${JSON.stringify(facts)}\n`, { mode: 0o600 })
  renameSync(`${path}.new`, path)
}

function fail(path: string, reason: string, cause?: unknown): never {
  throw new HeddleError('HEDDLE_SOCKET_FAILED', { path, reason }, cause === undefined ? {} : { cause })
}
