/**
 * What is asked of the mesh and of those it is compared with. Pure.
 *
 * A workload is an application in a worker, an operation its client repeats, and how many are in flight. The
 * client is in the main thread unless `client` says `worker`: then it is in a worker of its own and the main
 * thread idles.
 */

const kib = 1024
const mib = 1024 * kib

/**
 * @typedef {{ title: string, application: string, operation: string, inFlight: number, size?: number,
 *   client?: 'main' | 'worker', shown?: 'rate' | 'p50' }} Workload `size`: bytes of the body the operation
 *   sends or gets; `shown`: the figure whose ratio is the row's.
 */

/** @type {Record<string, Workload>} */
export const workloads = {
  get: { title: 'GET small JSON, 100 in flight', application: 'json', operation: 'json', inFlight: 100 },
  'get-1': {
    title: 'GET small JSON, 1 in flight, p50',
    application: 'json',
    operation: 'json',
    inFlight: 1,
    shown: 'p50'
  },
  'get-chunked': {
    title: 'GET without content-length, 100 in flight',
    application: 'json-chunked',
    operation: 'json',
    inFlight: 100
  },
  'post-1k': {
    title: 'POST 1 KiB, 100 in flight',
    application: 'count',
    operation: 'send',
    inFlight: 100,
    size: kib
  },
  'post-64k': {
    title: 'POST 64 KiB, 10 in flight',
    application: 'count',
    operation: 'send',
    inFlight: 10,
    size: 64 * kib
  },
  'get-64k': {
    title: 'GET 64 KiB, 10 in flight',
    application: 'bytes',
    operation: 'receive',
    inFlight: 10,
    size: 64 * kib
  },
  'post-1m': {
    title: 'POST 1 MiB, 4 in flight',
    application: 'count',
    operation: 'send',
    inFlight: 4,
    size: mib
  },
  upload: {
    title: 'upload stream 1 MiB, 4 in flight',
    application: 'count',
    operation: 'upload',
    inFlight: 4,
    size: mib
  },
  download: {
    title: 'download stream 10 MiB',
    application: 'stream',
    operation: 'download',
    inFlight: 1,
    size: 10 * mib
  },
  fastify: { title: 'Fastify, 100 in flight', application: 'fastify', operation: 'json', inFlight: 100 },
  express: { title: 'Express, 100 in flight', application: 'express', operation: 'json', inFlight: 100 },
  hono: { title: 'Hono, 100 in flight', application: 'hono', operation: 'json', inFlight: 100 },
  worker: {
    title: 'worker → worker, GET small JSON, 100 in flight',
    application: 'json',
    operation: 'json',
    inFlight: 100,
    client: 'worker'
  },
  fetch: {
    title: 'fetch in a worker, GET small JSON, 100 in flight',
    application: 'json',
    operation: 'fetch',
    inFlight: 100,
    client: 'worker'
  }
}

/**
 * The least that is possible: the same client without anybody to answer, and bare posts without HTTP. They
 * have one side each.
 * @type {Record<string, Workload & { side: string }>}
 */
export const floors = {
  'floor-posts': {
    title: 'bare posts, batched by turn, 100 in flight',
    side: 'posts',
    application: 'echo',
    operation: 'post',
    inFlight: 100
  },
  'floor-posts-1': {
    title: 'bare posts, 1 in flight',
    side: 'posts',
    application: 'echo',
    operation: 'post',
    inFlight: 1,
    shown: 'p50'
  },
  'floor-request': {
    title: 'undici.request answered in place, 100 in flight',
    side: 'stub',
    application: 'none',
    operation: 'json',
    inFlight: 100
  },
  'floor-request-1': {
    title: 'undici.request answered in place, 1 in flight',
    side: 'stub',
    application: 'none',
    operation: 'json',
    inFlight: 1,
    shown: 'p50'
  },
  'floor-fetch': {
    title: 'undici.fetch answered in place, 100 in flight',
    side: 'stub',
    application: 'none',
    operation: 'fetch',
    inFlight: 100
  }
}

/** What the small JSON handlers answer. */
export const greeting = { hello: 'world' }

/** How streams are cut. */
export const chunkBytes = 64 * kib
