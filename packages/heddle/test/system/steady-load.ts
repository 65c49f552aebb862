/** Clients that ask without a pause, over connections that are kept and over new ones, and count what they get. */
import { Agent, request } from 'node:http'
import { text } from 'node:stream/consumers'

/** What came of the load. */
export interface LoadReport {
  /** Answers with status 200 by their text. */
  readonly answers: Readonly<Record<string, number>>
  /** Everything else, in words. */
  readonly failures: readonly string[]
}

/** Asks until it is stopped: six clients that keep their connection, two of which POST, and two that do not. */
export function runLoad(url: string): { stop(): Promise<LoadReport> } {
  const answers: Record<string, number> = {}
  const failures: string[] = []
  const over = new AbortController()
  const kept = new Agent({ keepAlive: true })
  const single = new Agent({ keepAlive: false })
  const ask = async (agent: Agent, method: string): Promise<void> => {
    while (!over.signal.aborted) {
      try {
        const { status, body } = await once(url, agent, method)
        if (status === 200) answers[body] = (answers[body] ?? 0) + 1
        else failures.push(`${method} ${status}: ${body}`)
      } catch (error) {
        failures.push(`${method}: ${error instanceof Error ? error.message : String(error)}`)
      }
    }
  }
  const clients = [
    ...['GET', 'GET', 'GET', 'GET', 'POST', 'POST'].map(method => ask(kept, method)),
    ...['GET', 'POST'].map(method => ask(single, method))
  ]
  return {
    stop: async () => {
      over.abort()
      await Promise.all(clients)
      kept.destroy()
      return { answers, failures }
    }
  }
}

function once(url: string, agent: Agent, method: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request(`${url}/?ms=5`, { agent, method }, response => {
      text(response).then(body => resolve({ status: response.statusCode ?? 0, body }), reject)
    })
    outgoing.on('error', reject)
    outgoing.end(method === 'POST' ? 'x'.repeat(1000) : undefined)
  })
}
