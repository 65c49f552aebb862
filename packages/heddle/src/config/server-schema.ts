/**
 * The keys of `server` in the configuration: the public port, its threads, its timeouts and its limits.
 *
 * A part of `schema.ts`, apart from it only for its length. The timeouts are stricter than those of
 * node:http, because this server faces the public: they lean on what HAProxy and nginx recommend.
 */
import type { Key } from './key.ts'

const second = 1000
const kibibyte = 1024

/** The keys of `server`. */
export const serverKeys: Readonly<Record<string, Key>> = {
  port: {
    kind: 'integer',
    min: 0,
    max: 65_535,
    default: 3000,
    sentence: 'The public port; 0 takes any free one.',
    flag: 'port',
    variables: ['HEDDLE_PORT', 'PORT']
  },
  hostname: {
    kind: 'text',
    default: '127.0.0.1',
    sentence:
      'The address to listen on. Only this machine can reach the default, also in a container: set `0.0.0.0` or `::` for everyone.',
    flag: 'hostname',
    flagSentence: 'The address to listen on, 127.0.0.1 unless told; 0.0.0.0 for everyone.',
    variables: ['HEDDLE_HOSTNAME', 'HOST']
  },
  mode: {
    kind: 'choice',
    choices: ['edge', 'handoff', 'direct'],
    default: 'edge',
    sentence:
      '`edge`: threads of Heddle hold the port and balance every request. `handoff`: a thread of Heddle holds the port and hands each connection to the worker of the entrypoint with the fewest. `direct`: the workers of the entrypoint listen themselves and the kernel spreads connections; faster, but a blocked worker takes its connections with it. `handoff` and `direct` know no routes.',
    flag: 'mode',
    flagSentence: 'Who holds the public port and balances: edge, handoff or direct.',
    variables: ['HEDDLE_MODE']
  },
  threads: {
    kind: 'integer',
    min: 1,
    max: 64,
    sentence: 'Edge threads. Ignored in the other modes.',
    defaultText: '1 for up to 4 CPUs, then one for every 4 CPUs, rounded up'
  },
  backlog: {
    kind: 'integer',
    min: 1,
    max: 65_535,
    default: 511,
    sentence: 'How many connections may wait to be accepted.'
  },
  trustProxy: {
    kind: 'list',
    of: { kind: 'text', sentence: 'An IP address or a range such as 10.0.0.0/8.' },
    default: [],
    sentence: 'The proxies in front of Heddle, whose x-forwarded-* and x-request-id headers are believed.'
  },
  headersTimeout: {
    kind: 'duration',
    min: 1,
    default: 10 * second,
    sentence: 'How long the head of a request may take to arrive. Then 408.'
  },
  bodyTimeout: {
    kind: 'duration',
    min: 0,
    default: 60 * second,
    sentence: 'How long the body of a request may pause while it arrives. Then 408. 0 waits for ever.'
  },
  keepAliveTimeout: {
    kind: 'duration',
    min: 1,
    default: 72 * second,
    sentence:
      'How long an idle connection is kept for the next request. Longer than that of usual load balancers (60 s), so that they never send into a closing connection.'
  },
  requestTimeout: {
    kind: 'duration',
    min: 0,
    default: 30 * second,
    sentence:
      'How long a request may take until the head of its response, waiting for a worker included. Then 504, or 503 when no worker had it. 0 waits for ever.'
  },
  clientTimeout: {
    kind: 'duration',
    min: 0,
    default: 60 * second,
    sentence: 'How long a client may take no byte of its response before it is given up. 0 waits for ever.'
  },
  tunnelTimeout: {
    kind: 'duration',
    min: 0,
    default: 3600 * second,
    sentence: 'How long a WebSocket or another upgraded connection may be silent. 0 waits for ever.'
  },
  maxRequestsPerSocket: {
    kind: 'integer',
    min: 0,
    default: 0,
    sentence: 'How many requests one connection may carry before it is closed. 0 sets no limit.'
  },
  maxHeaderSize: {
    kind: 'size',
    min: 1024,
    max: 1024 * kibibyte,
    default: 16 * kibibyte,
    sentence: 'The largest head of a request. Beyond it 431.'
  },
  maxHeadersCount: {
    kind: 'integer',
    min: 1,
    max: 10_000,
    default: 100,
    sentence: 'The most header lines of a request. Beyond it 431.'
  },
  maxUrlSize: {
    kind: 'size',
    min: 64,
    max: 1024 * kibibyte,
    default: 8 * kibibyte,
    sentence: 'The longest request target. Beyond it 414.'
  },
  maxBodySize: {
    kind: 'size',
    min: 0,
    default: 10 * 1024 * kibibyte,
    sentence: 'The largest body of a request. Beyond it 413. 0 sets no limit.'
  },
  maxConnections: {
    kind: 'integer',
    min: 0,
    default: 0,
    sentence: 'The most connections at a time, over all edge threads. 0 sets no limit.'
  },
  accessLog: {
    kind: 'choice',
    choices: ['off', 'json', 'combined', 'short'],
    default: 'off',
    sentence:
      'A line for every request that ends. `json`: a line of the log like all others, with its facts as fields. `combined`: the format of Apache, with what Heddle knows at the end. `short`: status, worker, method, target and time, for people; `heddle dev` has it unless told. Needs the mode `edge`.',
    flag: 'access-log',
    flagSentence: 'A line for every request that ends: off, json, combined or short.',
    variables: ['HEDDLE_ACCESS_LOG']
  }
}
