/**
 * Takes an accepted connection over so that what it reads costs no allocation. Edge threads.
 *
 * A stream allocates 64 KiB for every read and wraps it. node can read into one buffer of ours instead
 * (`onread`), but offers that to outgoing sockets only; so the accepted socket's handle is moved to a
 * socket made with it. Where that does not work the socket is used as it is.
 */
import { Socket } from 'node:net'

/** Bytes read at a time. */
const READ_SIZE = 64 * 1024

// One byte more than is ever read: a full read must not look like an array that owns its buffer.
const shared = new Uint8Array(new ArrayBuffer(READ_SIZE + 1), 0, READ_SIZE)

/** The parts of node's socket its types do not show. */
interface Internals {
  _handle: object | null
  _server: object | null
}

/**
 * Starts reading an accepted socket, which must have been accepted with `pauseOnConnect`.
 *
 * @param onData Gets each piece. It is valid until the call returns only: what is kept must be copied.
 * @returns The socket to go on with.
 */
export function adoptSocket(accepted: Socket, onData: (chunk: Buffer) => void): Socket {
  const source = accepted as unknown as Internals
  const handle = source._handle
  if (handle === null || handle === undefined) {
    accepted.on('data', onData).resume()
    return accepted
  }
  const view = Buffer.from(shared.buffer, 0, READ_SIZE)
  const socket = new Socket({
    handle,
    allowHalfOpen: true,
    onread: {
      buffer: shared,
      callback: (size: number) => {
        onData(view.subarray(0, size))
        return true
      }
    }
  } as unknown as ConstructorParameters<typeof Socket>[0])
  // The server counts its connections through the socket that closes last: that is the new one.
  const target = socket as unknown as Internals
  target._server = source._server
  source._server = null
  source._handle = null
  return socket
}
