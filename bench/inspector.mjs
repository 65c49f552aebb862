/**
 * Talks to the inspector of another process, and through it to the inspectors of that process's threads.
 *
 * Runs in the process of `run.mjs`. The contender needs no code for it: `--inspect=127.0.0.1:0` is enough,
 * and nothing is sampled before {@link Inspector#profile} is called.
 */
import { setTimeout as delay } from 'node:timers/promises'

const answerDeadlineMs = 20_000

/** One inspector connection, to the main thread of a process. */
export class Inspector {
  #socket
  #nextId = 1
  #waiting = new Map()
  #threads = new Map()

  /** The threads attached to so far: session → `{ title, url }`; the main thread is not among them. */
  get threads() {
    return this.#threads
  }

  /**
   * Connects, and attaches to all worker threads there are.
   * @param {string} address the `ws://` address the process printed
   */
  async open(address) {
    this.#socket = new WebSocket(address)
    const { promise, resolve, reject } = Promise.withResolvers()
    this.#socket.addEventListener('open', resolve, { once: true })
    this.#socket.addEventListener('error', () => reject(new Error(`No inspector at ${address}.`)), {
      once: true
    })
    this.#socket.addEventListener('message', event => this.#receive(null, event.data))
    await promise
    await this.send(null, 'NodeWorker.enable', { waitForDebuggerOnStart: false })
    // Threads announce themselves one by one, after the answer; there is no sign of the last.
    await delay(300)
  }

  #receive(session, text) {
    const message = JSON.parse(text)
    if (message.id !== undefined) {
      const waiting = this.#waiting.get(message.id)
      this.#waiting.delete(message.id)
      if (message.error) waiting?.reject(new Error(message.error.message))
      else waiting?.resolve(message.result)
    } else if (session === null && message.method === 'NodeWorker.attachedToWorker') {
      const { sessionId, workerInfo } = message.params
      this.#threads.set(sessionId, { title: workerInfo.title, url: workerInfo.url })
    } else if (session === null && message.method === 'NodeWorker.receivedMessageFromWorker') {
      this.#receive(message.params.sessionId, message.params.message)
    }
  }

  /**
   * Sends one command to a thread; `null` is the main thread. Resolves with its result.
   * @throws {Error} when the thread refuses it, or does not answer within 20 s.
   */
  send(session, method, params = {}) {
    const id = this.#nextId++
    const { promise, resolve, reject } = Promise.withResolvers()
    const late = setTimeout(() => reject(new Error(`${method} was not answered.`)), answerDeadlineMs)
    this.#waiting.set(id, { resolve, reject })
    const message = JSON.stringify({ id, method, params })
    if (session === null) this.#socket.send(message)
    else this.#post(session, message)
    return promise.finally(() => clearTimeout(late))
  }

  #post(sessionId, message) {
    const envelope = {
      id: this.#nextId++,
      method: 'NodeWorker.sendMessageToWorker',
      params: { sessionId, message }
    }
    this.#socket.send(JSON.stringify(envelope))
  }

  /**
   * Samples all threads while `during` runs.
   * @param {number} intervalUs microseconds between two samples
   * @returns a list of `{ title, url, profile }`, the main thread first.
   */
  async profile(intervalUs, during) {
    const sessions = [null, ...this.#threads.keys()]
    await Promise.all(sessions.map(session => this.#startProfile(session, intervalUs)))
    await during()
    const stopped = await Promise.all(sessions.map(session => this.send(session, 'Profiler.stop')))
    return stopped.map(({ profile }, index) => {
      const thread = this.#threads.get(sessions[index]) ?? { title: 'main', url: '' }
      return { title: thread.title, url: thread.url, profile }
    })
  }

  async #startProfile(session, interval) {
    await this.send(session, 'Profiler.enable')
    await this.send(session, 'Profiler.setSamplingInterval', { interval })
    await this.send(session, 'Profiler.start')
  }

  /** Lets the process go. */
  close() {
    this.#socket?.close()
  }
}
