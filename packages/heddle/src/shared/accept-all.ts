/**
 * Says when a port may be closed: when everybody who has connected is accepted. The system resets whoever still waits
 * for that, and closes it then. Any thread that holds a port.
 *
 * Node.js accepts one connection in a turn of the event loop, however many wait. Of fifty that had connected while the
 * thread was busy 49 were reset when the port was closed one turn later (22, 24 and 26).
 */
import type { Server } from 'node:net'

/** What node's server listens with. */
interface Listener {
  onconnection: (...args: unknown[]) => unknown
}

/**
 * Calls back when a turn of the event loop has brought no connection, or after as many turns as connections can have
 * waited: those that come faster than they are accepted hold it up no longer. Not before the next turn.
 *
 * @param backlog How many may wait at most.
 * @param close Closes the port at once.
 */
export function whenAllAccepted(server: Server, backlog: number, close: () => void): void {
  let hasArrived = false
  const listener: unknown = Reflect.get(server, '_handle')
  if (isListener(listener)) {
    const { onconnection } = listener
    listener.onconnection = function count(this: unknown, ...args) {
      hasArrived = true
      return Reflect.apply(onconnection, this, args)
    }
  }
  let left = backlog
  const turn = (): void => {
    if (hasArrived && left-- > 0) {
      hasArrived = false
      setImmediate(turn)
      return
    }
    close()
  }
  // The first turn may have nothing but its end to come: the second one looks whether somebody waits.
  setImmediate(() => setImmediate(turn))
}

/**
 * Closes the port of a server when everybody who has connected is accepted.
 *
 * @param backlog How many may wait at most.
 * @param onClosed Called as soon as nothing more is accepted, not before the next turn.
 */
export function closePort(server: Server, backlog: number, onClosed: () => void): void {
  whenAllAccepted(server, backlog, () => {
    server.close()
    onClosed()
  })
}

function isListener(handle: unknown): handle is Listener {
  return typeof handle === 'object' && handle !== null && 'onconnection' in handle
}
