/**
 * What the application does so that it may be taken away without a loss, by the recipe that is usual where it
 * runs. Behind an edge of Heddle it is nothing; with connections of its own it ends its WebSockets itself.
 *
 * Runs in the workers of the application.
 */

import { setTimeout as delay } from 'node:timers/promises'

const goodbyeMs = 200

/**
 * @param {{ server: import('node:http').Server, sayGoodbye: () => number, kind: string | undefined }} end
 *   `sayGoodbye` sends a close frame to every WebSocket and says how many there are. `kind`: `signal` ends the process after the last
 *   answer when SIGINT (PM2) or the message `shutdown` comes; `watt` and `heddle` leave to those what they do
 *   themselves; anything else prepares nothing. Resolves when it is prepared.
 */
export async function prepareGracefulEnd({ server, sayGoodbye, kind }) {
  if (kind === 'watt') globalThis.platformatic.events.on('close', sayGoodbye)
  if (kind === 'heddle') {
    const { onClose } = await import('heddle/worker')
    onClose(async () => {
      // A moment for the other sides to answer; then the thread ends, and with it what is still open.
      if (sayGoodbye() > 0) await delay(goodbyeMs)
    })
  }
  if (kind !== 'signal') return
  let isEnding = false
  server.prependListener('request', (_request, response) => {
    if (isEnding) response.setHeader('connection', 'close')
  })
  const finish = () => {
    if (isEnding) return
    isEnding = true
    sayGoodbye()
    server.close(() => process.exit(0))
  }
  process.on('SIGINT', finish)
  process.on('message', message => {
    if (message === 'shutdown') finish()
  })
}
