/** Clients that ask without end, over connections that are kept and over new ones, and count what they get. */
import { EventEmitter, once } from 'node:events'
import { Agent, request } from 'node:http'
import { text } from 'node:stream/consumers'
import type { TestContext } from 'node:test'

/** What came of the load. */
export interface LoadReport {
  /** Answers with status 200 by their text. */
  readonly answers: Readonly<Record<string, number>>
  /** Everything else, in words. */
  readonly failures: readonly string[]
}

/** A load that goes on. */
export interface Load {
  /** Resolves when this has been the answer to somebody. */
  answered(word: string): Promise<void>
  stop(): Promise<LoadReport>
}

/**
 * Milliseconds every request takes. Eight clients then ask 160 times a second, which leaves the machine to those who are
 * tested.
 */
const takesMs = 50

/**
 * Asks until it is stopped or the test is over: six clients that keep their connection, two of which POST, and two that do
 * not.
 */
export function runLoad(t: TestContext, url: string): Load {
  const answers: Record<string, number> = {}
  const failures: string[] = []
  const over = new AbortController()
  t.after(() => over.abort())
  const news = new EventEmitter()
  const kept = new Agent({ keepAlive: true })
  const single = new Agent({ keepAlive: false })
  const client = async (agent: Agent, method: string): Promise<void> => {
    while (!over.signal.aborted) {
      try {
        const { status, body } = await ask(url, agent, method)
        if (status === 200) answers[body] = (answers[body] ?? 0) + 1
        else failures.push(`${method} ${status}: ${body}`)
      } catch (error) {
        failures.push(`${method}: ${error instanceof Error ? error.message : String(error)}`)
      }
      news.emit('answer')
    }
  }
  const clients = [
    ...['GET', 'GET', 'GET', 'GET', 'POST', 'POST'].map(method => client(kept, method)),
    ...['GET', 'POST'].map(method => client(single, method))
  ]
  return {
    answered: async word => {
      while (answers[word] === undefined) await once(news, 'answer')
    },
    stop: async () => {
      over.abort()
      await Promise.all(clients)
      kept.destroy()
      return { answers, failures }
    }
  }
}

function ask(url: string, agent: Agent, method: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request(`${url}/?ms=${takesMs}`, { agent, method }, response => {
      text(response).then(body => resolve({ status: response.statusCode ?? 0, body }), reject)
    })
    outgoing.on('error', reject)
    outgoing.end(method === 'POST' ? 'x'.repeat(1000) : undefined)
  })
}
