/**
 * What the application does so that it may be taken away without a loss, by the recipe that is usual where it
 * runs. Heddle asks for none of it.
 *
 * Runs in the workers of the application.
 */

/**
 * @param {{ server: import('node:http').Server, sayGoodbye: () => void, kind: string | undefined }} end
 *   `sayGoodbye` sends a close frame to every WebSocket. `kind`: `signal` ends the process after the last
 *   answer when SIGINT (PM2) or the message `shutdown` comes; `watt` leaves to Watt's own shutdown what it does
 *   itself; anything else prepares nothing.
 */
export function prepareGracefulEnd({ server, sayGoodbye, kind }) {
  if (kind === 'watt') globalThis.platformatic.events.on('close', sayGoodbye)
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
