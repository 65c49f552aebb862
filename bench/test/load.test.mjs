/**
 * Reports of wrk as they really look, and what is read from them.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { parseWrk } from '../load.mjs'

function reportOf({ p99 = '3.24ms', extra = '' } = {}) {
  return `Running 3s test @ http://127.0.0.1:4601/
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   639.55us  379.12us  13.93ms   96.55%
    Req/Sec   103.11k    10.26k  110.61k    93.33%
  Latency Distribution
     50%  578.00us
     75%  603.00us
     90%  680.00us
     99%  ${p99}
  307713 requests in 3.00s, 52.24MB read
${extra}Requests/sec: 102546.98
Transfer/sec:     17.41MB
`
}

test('parseWrk() reads rate and latencies in milliseconds', () => {
  assert.deepEqual(parseWrk(reportOf()), {
    requests: 307_713,
    requestsPerSecond: 102_546.98,
    p50Ms: 0.578,
    p99Ms: 3.24,
    problems: []
  })
})

for (const [text, ms] of [
  ['950.00us', 0.95],
  ['69.18ms', 69.18],
  ['1.48s', 1480],
  ['1.02m', 61_200]
]) {
  test(`parseWrk() reads a latency of ${text}`, () => {
    const { p99Ms } = parseWrk(reportOf({ p99: text }))
    assert.ok(Math.abs(p99Ms - ms) < 1e-9, `${p99Ms}`)
  })
}

test('parseWrk() names failed answers and socket errors', () => {
  const extra = '  Socket errors: connect 0, read 3, write 0, timeout 5\n  Non-2xx or 3xx responses: 12\n'
  assert.deepEqual(parseWrk(reportOf({ extra })).problems, [
    '12 answers were not 2xx',
    'socket errors: connect 0, read 3, write 0, timeout 5'
  ])
})

test('parseWrk() refuses what is not a report', () => {
  assert.throws(() => parseWrk('unable to connect to 127.0.0.1:1 Connection refused'), /not a report of wrk/)
})
