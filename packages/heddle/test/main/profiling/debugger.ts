/**
 * A debugger for tests: it speaks with the inspector of a worker as the developer tools do, over a real socket.
 *
 * Runs in the thread of the tests.
 */
import { WebSocket } from 'ws'

/** Connects a debugger; rejects when nobody listens there. */
export async function debugWith(url: string): Promise<Debugger> {
  const socket = new WebSocket(url)
  await new Promise((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('error', reject)
  })
  let id = 0
  const heard = (fits: (message: Heard) => boolean): Promise<Heard> =>
    new Promise(resolve => {
      const listen = (data: unknown): void => {
        const message: Heard = JSON.parse(String(data))
        if (!fits(message)) return
        socket.off('message', listen)
        resolve(message)
      }
      socket.on('message', listen)
    })
  return {
    socket,
    closed: new Promise(resolve => socket.once('close', () => resolve())),
    heard: method => heard(message => message.method === method),
    ask: (method, params = {}) => {
      const own = ++id
      const answer = heard(message => message.id === own)
      socket.send(JSON.stringify({ id: own, method, params }))
      return answer
    }
  }
}

/** What the inspector says. */
export interface Heard {
  readonly id?: number
  readonly method?: string
  readonly params?: { readonly callFrames?: readonly { readonly functionName: string }[] }
  readonly result?: { readonly result?: { readonly value?: unknown } }
}

/** A debugger that is connected. */
export interface Debugger {
  readonly socket: WebSocket
  readonly closed: Promise<void>
  readonly ask: (method: string, params?: object) => Promise<Heard>
  readonly heard: (method: string) => Promise<Heard>
}
