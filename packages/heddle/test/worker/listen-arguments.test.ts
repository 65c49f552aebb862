/** The ways of calling `listen()`, without a server. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { pretendAddress, readListenCall } from '../../src/worker/listen-arguments.ts'

const callback = (): void => {}

const calls: [unknown[], object | null][] = [
  [[], { port: 0 }],
  [[callback], { port: 0 }],
  [[undefined, callback], { port: 0 }],
  [[null], { port: 0 }],
  [[3000], { port: 3000 }],
  [['3000'], { port: 3000 }],
  [[3000, '0.0.0.0'], { port: 3000, host: '0.0.0.0' }],
  [[3000, '0.0.0.0', 10], { port: 3000, host: '0.0.0.0', backlog: 10 }],
  [[3000, 10], { port: 3000, backlog: 10 }],
  [['/run/app.sock'], { path: '/run/app.sock' }],
  [['/run/app.sock', 10], { path: '/run/app.sock', backlog: 10 }],
  [[{ port: 3000, host: 'localhost' }], { port: 3000, host: 'localhost' }],
  [[{ port: '3000' }], { port: 3000 }],
  [[{ port: undefined }], { port: 0 }],
  [[{ path: '/run/app.sock', readableAll: true }], { path: '/run/app.sock', readableAll: true }],
  [[{ fd: 3 }], null],
  [[{ handle: {} }], null],
  [[{}], null],
  [[{ port: 1.5 }], null],
  [[65_536], null],
  [[-1], null],
  [[true], null]
]

test('readListenCall() reads every way node knows and leaves the rest to node', () => {
  for (const [args, options] of calls) {
    const call = readListenCall(args)
    assert.deepEqual(call === null ? null : call.options, options, JSON.stringify(args))
    if (call !== null) assert.equal(call.callback, args.at(-1) === callback ? callback : null)
  }
})

test('pretendAddress() says what node would have said', () => {
  assert.deepEqual(pretendAddress({ port: 0 }, 50_000), { address: '::', family: 'IPv6', port: 50_000 })
  const named = { address: '127.0.0.1', family: 'IPv4', port: 80 }
  assert.deepEqual(pretendAddress({ port: 80, host: 'localhost' }, 1), named)
  assert.equal(pretendAddress({ path: '/run/app.sock' }, 1), '/run/app.sock')
})
