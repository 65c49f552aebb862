/**
 * Speaks with worker threads while their event loops stand still, through node's inspector. Entry file of a
 * thread of its own (`#inquirer`), started when a worker is blocked and ended a while after.
 *
 * A message of the inspector interrupts a thread between two instructions of JavaScript, in the middle of a loop
 * that never ends as well. No port is opened, no debugger and no profiler is switched on, and a debugger of
 * somebody else goes on undisturbed. A thread in native code takes its messages when it is back.
 *
 * It does not run in the main thread because of how node behaves (22 to 26): while `NodeWorker.enable` walks over
 * the workers it calls the session's listeners, and one that ends in that moment is taken out of the list under its
 * feet; the process crashes. From another thread no JavaScript runs there, and nothing comes in between. Each worker
 * is let go by itself: `NodeWorker.disable` keeps hold of them, and one that has opened its own inspector does not
 * end while somebody is attached.
 */
import { Session } from 'node:inspector'
import { parentPort } from 'node:worker_threads'

import type { FromInquirer, ToInquirer } from './question.ts'

const send = (message: FromInquirer): void => parentPort?.postMessage(message)

/** One session, and the threads it is attached to. */
class Conversation {
  readonly #inquiry: number
  readonly #session = new Session()
  /** Ids of the attached sessions by thread. */
  readonly #attached = new Map<number, string>()
  #isOver = false

  constructor(inquiry: number, threadIds: readonly number[]) {
    this.#inquiry = inquiry
    const wanted = new Set(threadIds)
    const session = this.#session
    session.connectToMainThread()
    session.on('NodeWorker.attachedToWorker', ({ params: { sessionId, workerInfo } }) => {
      const threadId = threadIdOf(workerInfo.title)
      // Node attaches to all of them; those that were not asked for are let go at once.
      if (threadId === null || !wanted.delete(threadId)) this.#post('NodeWorker.detach', { sessionId })
      else this.#attached.set(threadId, sessionId)
    })
    session.on('NodeWorker.receivedMessageFromWorker', ({ params: { message } }) => take(message))
    session.on('NodeWorker.detachedFromWorker', ({ params: { sessionId } }) => {
      for (const [threadId, id] of this.#attached) if (id === sessionId) this.#forget(threadId)
    })
    this.#post('NodeWorker.enable', { waitForDebuggerOnStart: false }, () => {
      // What is attached stays so; threads that start from now on are left alone.
      this.#post('NodeWorker.disable', {})
      send({ type: 'opened', inquiry, threadIds: [...this.#attached.keys()] })
      this.#endIfEmpty()
    })
  }

  ask(threadId: number, question: number, expression: string): void {
    const sessionId = this.#attached.get(threadId)
    if (sessionId === undefined) return
    // `disableBreaks`: breakpoints are for the code of the application.
    const params = { expression, returnByValue: true, silent: true, disableBreaks: true }
    const message = JSON.stringify({ id: question, method: 'Runtime.evaluate', params })
    this.#post('NodeWorker.sendMessageToWorker', { sessionId, message })
  }

  close(threadId: number): void {
    const sessionId = this.#attached.get(threadId)
    if (sessionId === undefined) return
    this.#post('NodeWorker.detach', { sessionId })
    this.#forget(threadId)
  }

  #forget(threadId: number): void {
    this.#attached.delete(threadId)
    send({ type: 'gone', inquiry: this.#inquiry, threadId })
    this.#endIfEmpty()
  }

  #endIfEmpty(): void {
    if (this.#attached.size > 0 || this.#isOver) return
    this.#isOver = true
    conversations.delete(this.#inquiry)
    this.#session.disconnect()
  }

  /** Errors are of no consequence: the thread has gone meanwhile. */
  #post(method: string, params: object, done: () => void = noop): void {
    if (!this.#isOver) this.#session.post(method, params, done)
  }
}

const conversations = new Map<number, Conversation>()

parentPort?.on('message', (message: ToInquirer) => {
  const { inquiry } = message
  const conversation = conversations.get(inquiry)
  switch (message.type) {
    case 'open':
      conversations.set(inquiry, new Conversation(inquiry, message.threadIds))
      break
    case 'ask':
      conversation?.ask(message.threadId, message.question, message.expression)
      break
    case 'close':
      conversation?.close(message.threadId)
      break
    default:
      message satisfies never
  }
})

function take(text: string): void {
  const { id, result } = JSON.parse(text) as {
    readonly id?: number
    readonly result?: { readonly result?: { readonly value?: unknown } }
  }
  if (id === undefined) return
  const value = result?.result?.value
  send({ type: 'answer', question: id, value: typeof value === 'string' ? value : null })
}

/** `[worker 3] api:1` is the thread whose `threadId` is 3. */
function threadIdOf(title: string): number | null {
  const digits = /^\[worker (\d+)\]/.exec(title)?.[1]
  return digits === undefined ? null : Number(digits)
}

function noop(): void {}
