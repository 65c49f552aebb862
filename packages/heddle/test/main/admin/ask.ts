/** Asks a server at a unix socket for something, once. */
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { text } from 'node:stream/consumers'

/** What came. */
export interface Answer {
  readonly status: number
  readonly type: string
  readonly body: string
}

/** Asks over a connection of its own. */
export async function ask(
  socketPath: string,
  method: string,
  path: string,
  options: { readonly body?: string; readonly accept?: string } = {}
): Promise<Answer> {
  const { body, accept = '*/*' } = options
  const outgoing = request({ socketPath, method, path, headers: { accept }, agent: new Agent() })
  outgoing.end(body)
  const [response] = await once(outgoing, 'response')
  // Node.js 22 reports the write of a long body as failed although all of it was read.
  outgoing.on('error', () => {})
  return {
    status: response.statusCode,
    type: String(response.headers['content-type']),
    body: await text(response)
  }
}
