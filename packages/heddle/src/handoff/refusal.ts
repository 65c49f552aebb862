/**
 * Tells a client that nobody takes its connection, in HTTP: 503, and when to come again. Acceptor thread.
 *
 * The answer is written when the client has asked: one that has not, and one that speaks TLS, is only hung up on.
 */
import { Socket } from 'node:net'

/** Milliseconds a client that is refused has to say something, and to take its answer. */
const patienceMs = 1000

/** The first byte of a TLS connection: a handshake record. */
const tlsRecord = 0x16

const body = 'No worker of the application is ready.\n'
const answer =
  'HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\nRetry-After: 1\r\n' +
  `Content-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`

/** Answers and closes the connection. The descriptor is this function's from now on. */
export function refuse(descriptor: number): void {
  const socket = new Socket({ fd: descriptor, readable: true, writable: true })
  socket.on('error', () => socket.destroy())
  socket.setTimeout(patienceMs, () => socket.destroy())
  socket.once('data', (chunk: Buffer) => {
    if (chunk[0] === tlsRecord) socket.destroy()
    else socket.end(answer)
    // What else it sends is read, or its answer would be cut by a reset.
    socket.resume()
  })
}
