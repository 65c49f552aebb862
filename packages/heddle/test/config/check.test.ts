/** Every mistake that one key can have by itself. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { a, wrong } from './paper-disk.ts'
import type { Case } from './paper-disk.ts'

const mistakes: readonly Case[] = [
  ['a top level that is no object', [], {}, ['expected an object, got []']],
  ['nothing to run', {}, {}, ['applications: there is no application']],
  [
    'an unknown key with the nearest one',
    { ...a, sever: 1 },
    {},
    ['sever: unknown key (did you mean "server"?)']
  ],
  [
    'an unknown key inside',
    { ...a, server: { prot: 1 } },
    {},
    ['server.prot: unknown key (did you mean "port"?)']
  ],
  [
    'what may be a secret, without it',
    {
      ...a,
      env: { PASSWORD: 12_345 },
      admin: { token: 'grüß', tokn: 'secret' },
      applications: { a: { path: 'a', env: ['PASSWORD=secret'] } }
    },
    {},
    [
      'applications.a.env: expected an object by variable',
      'env.PASSWORD: expected a text',
      'admin.tokn: unknown key (did you mean "token"?)',
      'admin.token: expected a text of letters, digits and signs of ASCII, without spaces around it'
    ]
  ],
  ['an unknown key like no other', { ...a, zzzzzz: null }, {}, ['zzzzzz: unknown key']],
  [
    'a number that is a text',
    { ...a, server: { port: '80' } },
    {},
    ['server.port: expected a whole number from 0 to 65535, got "80"']
  ],
  [
    'a port out of range',
    { ...a, server: { port: 65_536 } },
    {},
    ['server.port: expected a whole number from 0 to 65535, got 65536']
  ],
  [
    'a policy of balancing nobody knows',
    { applications: { a: { path: 'a', balance: 'hash:sid' } } },
    {},
    [
      'applications.a.balance: expected "least-inflight", "round-robin", "random", "power-of-two", "hash:path", "hash:ip", "hash:header:<name>" or "hash:cookie:<name>", got "hash:sid"'
    ]
  ],
  ['a fraction', { ...a, workers: 1.5 }, {}, ['workers: expected a whole number from 1 to 256, got 1.5']],
  ['a text that is a number', { ...a, entrypoint: 5 }, {}, ['entrypoint: expected a text, got 5']],
  [
    'an empty text',
    { ...a, server: { hostname: '' } },
    {},
    ['server.hostname: expected a text that is not empty, got ""']
  ],
  [
    'a wrong boolean',
    { ...a, admin: { enabled: 'yes' } },
    {},
    ['admin.enabled: expected true or false, got "yes"']
  ],
  [
    'a wrong choice',
    { ...a, server: { mode: 'egde' } },
    {},
    ['server.mode: expected "edge" or "handoff" or "direct" (did you mean "edge"?), got "egde"']
  ],
  [
    'a wrong duration',
    { ...a, startTimeout: '10 parsecs' },
    {},
    [
      'startTimeout: expected a duration of at least 1 ms (milliseconds or a text such as "30s"), got "10 parsecs"'
    ]
  ],
  [
    'a wrong size',
    { ...a, server: { maxBodySize: 'big' } },
    {},
    ['server.maxBodySize: expected a size of at least 0 bytes (bytes or a text such as "16KB"), got "big"']
  ],
  ['a list that is none', { ...a, routes: {} }, {}, ['routes: expected a list, got {}']],
  ['a map that is none', { applications: [] }, {}, ['applications: expected an object by id, got []']],
  [
    'a missing required key',
    { ...a, routes: [{ path: '/x' }] },
    {},
    ['routes[0].application: this key is required']
  ]
]

for (const [name, written, sources, expected] of mistakes) {
  test(`resolve() reports ${name}`, () => {
    assert.deepEqual(wrong(written, sources), expected)
  })
}
