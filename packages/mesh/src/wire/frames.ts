/**
 * What crosses a link between two threads. Any thread; values only, no role and no policy.
 *
 * A batch is one flat array of frames, a frame is its opcode and a fixed number of primitive fields.
 * Flat arrays of numbers and strings are what structured clone moves fastest, so there are no objects,
 * and a header section is one string.
 *
 *     frame    fields                                                          who to whom
 *     REQUEST  id cell flags method path headers body peer deadline            client ─▶ server
 *     INFO     id status headers                                               server ─▶ client
 *     HEAD     id flags status statusMessage headers body                      server ─▶ client
 *     DATA     id flags body                                                   both ways
 *     END      id trailers                                                     both ways
 *     ABORT    id reason                                                       both ways
 *     CREDIT   id bytes                                                        both ways
 *     GONE     0 peer                                                          client ─▶ server
 *
 * `id` counts up per link. `flags` says how the body travels: see {@link BodyKind} and {@link MORE}.
 * `deadline` is when the sender stops waiting, in milliseconds of the shared clock, 0 for never: a server
 * that comes to a request later does not begin it, and what it calls meanwhile waits no longer.
 */

/** A request's head and as much of its body as was there. */
export const REQUEST = 0
/** An informational response (100, 102, 103). */
export const INFO = 1
/** A response's head and as much of its body as was there. */
export const HEAD = 2
/** A piece of a body. */
export const DATA = 3
/** The end of a body, with the trailer section (an empty string when there is none). */
export const END = 4
/** The sender of this frame is done with the exchange, for the reason given. */
export const ABORT = 5
/** The receiver has consumed so many bytes: as many more may be sent. */
export const CREDIT = 6
/** The connection of a peer is closed: nothing has to be kept for its next request. */
export const GONE = 7

/** Fields of each frame, its opcode included: a decoder steps by these. */
export const frameLength: readonly number[] = [10, 4, 7, 4, 3, 3, 3, 3]

/** Bits of `flags` that say what the body field holds. */
export const BODY_MASK = 3
/** No body in this frame. */
export const NO_BODY = 0
/** A string whose UTF-8 encoding is the body. */
export const UTF8 = 1
/** A string with one character for each byte. */
export const LATIN1 = 2
/** A Uint8Array that owns all of its buffer. */
export const BYTES = 3
/** More DATA frames, then an END, follow. Without it the frame holds all there is. */
export const MORE = 4
/** The request asks for another protocol: after its head both sides send raw bytes. */
export const UPGRADE = 8
/** The request was sent with HTTP/1.0. */
export const HTTP10 = 16

/** How a body field is to be read. */
export type BodyKind = typeof NO_BODY | typeof UTF8 | typeof LATIN1 | typeof BYTES

/** A body, or a piece of one, as it travels. */
export type BodyField = string | Uint8Array | null

/** States of a request's cell in the memory both ends of a link share. */
export const CELL_SENT = 0
/** The server took the request up: its code may have seen it. */
export const CELL_BEGUN = 1
/** The client took the request back before the server had begun: it will never be run there. */
export const CELL_REVOKED = 2
/** The server found a revoked request and passed it over: the cell can be used again. */
export const CELL_SKIPPED = 3

/** Cells per link. A request in flight beyond so many on one link has none and counts as begun. */
export const CELLS = 1024

/** Size of the memory both ends of a link share: the cells, and the count of exchanges the client has open. */
export const CELLS_BYTES: number = (CELLS + 1) * Int32Array.BYTES_PER_ELEMENT

/** Stands in a link's count of open exchanges once its server has taken them off the books. */
export const SETTLED: number = -(2 ** 30)

/** Bytes of one body that may be under way unconsumed, per direction. */
export const WINDOW: number = 512 * 1024
