/** Every mistake that takes more than one key, or a look at the disk. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { a, both, paperDisk, wrong } from './paper-disk.ts'
import type { Case } from './paper-disk.ts'

const mistakes: readonly Case[] = [
  [
    'a missing path',
    { applications: { a: { path: 'gone' } } },
    {},
    ['applications.a.path: there is no directory /app/gone, got "gone"']
  ],
  [
    'a path that is a file',
    { applications: { a: { path: 'a/index.js' } } },
    {},
    [
      'applications.a.path: /app/a/index.js is a file: name its directory here and the file as "entry", got "a/index.js"'
    ]
  ],
  ['neither path nor entry', { applications: { a: {} } }, {}, ['applications.a: needs a path or an entry']],
  [
    'an entry that does not exist',
    { applications: { a: { path: 'a', entry: 'main.js' } } },
    {},
    ['applications.a.entry: there is no file /app/a/main.js, got "main.js"']
  ],
  [
    'an empty entry',
    a,
    { disk: paperDisk({ '/app/a/index.js': '// later\n"use strict";\nexport {}\n' }) },
    ['applications.a: /app/a/index.js is empty: it exports nothing and starts nothing']
  ],
  [
    'an invalid id',
    { applications: { My_App: { path: 'a' } } },
    {},
    [
      'applications.My_App: an id has 1 to 63 lower-case letters, digits and hyphens (such as "my-app"), got "My_App"'
    ]
  ],
  [
    'more workers ready than there are',
    { applications: { a: { path: 'a', workers: 2, minReady: 3 } } },
    {},
    ['applications.a.minReady: the application has 2 workers, so no more can be ready, got 3']
  ],
  [
    'a route to nobody',
    { ...a, routes: [{ application: 'c' }] },
    {},
    ['routes[0].application: there is no application "c"; there is "a", got "c"']
  ],
  [
    'an access log without an edge',
    { ...a, server: { mode: 'handoff', accessLog: 'json' } },
    {},
    [
      'server.accessLog: the access log needs server.mode "edge": in handoff mode clients speak to the workers themselves, got "json"'
    ]
  ],
  [
    'a route written twice',
    {
      ...both,
      routes: [
        { path: '/x', application: 'a' },
        { path: '/x/', application: 'b' }
      ]
    },
    {},
    [
      'routes[1]: routes[0] already claims this host and path, got {"path":"/x/","application":"b","stripPrefix":false,"accessLog":true}'
    ]
  ],
  [
    'a route after a broken one',
    { ...a, routes: [{}, { application: 'nope' }] },
    {},
    [
      'routes[0].application: this key is required',
      'routes[1].application: there is no application "nope"; there is "a", got "nope"'
    ]
  ],
  [
    'routes in direct mode',
    { ...a, server: { mode: 'direct' }, routes: [{ application: 'a' }] },
    {},
    ['routes: routes need server.mode "edge": in direct mode the entrypoint answers everything']
  ],
  [
    'no entrypoint among several',
    { applications: both.applications },
    {},
    ['entrypoint: name the application that answers what no route claims: "a", "b"']
  ],
  [
    'an unknown entrypoint',
    { ...a, entrypoint: 'x' },
    {},
    ['entrypoint: there is no application "x"; there is "a", got "x"']
  ],
  [
    'an unknown dependency',
    { applications: { a: { path: 'a', dependencies: ['db'] } } },
    {},
    ['applications.a.dependencies[0]: there is no application "db"; there is "a", got "db"']
  ],
  [
    'a dependency on itself',
    { applications: { a: { path: 'a', dependencies: ['a'] } } },
    {},
    ['applications.a.dependencies: applications wait for each other: a → a, got ["a"]']
  ],
  [
    'a circle',
    {
      ...both,
      applications: { a: { path: 'a', dependencies: ['b'] }, b: { path: 'b', dependencies: ['a'] } }
    },
    {},
    ['applications.a.dependencies: applications wait for each other: a → b → a, got ["b"]']
  ],
  [
    'an unknown id in mesh.deny',
    { ...a, mesh: { deny: { x: ['a'], a: ['y'] } } },
    {},
    [
      'mesh.deny.x: there is no application "x"; there is "a", got "x"',
      'mesh.deny.a[0]: there is no application "y"; there is "a", got "y"'
    ]
  ],
  [
    'a wrong proxy',
    { ...a, server: { trustProxy: ['10.0.0.0/8', '10.0.0.0/40', 'me'] } },
    {},
    [
      'server.trustProxy[1]: expected an IP address or a range such as "10.0.0.0/8", got "10.0.0.0/40"',
      'server.trustProxy[2]: expected an IP address or a range such as "10.0.0.0/8", got "me"'
    ]
  ]
]

for (const [name, written, sources, expected] of mistakes) {
  test(`resolve() reports ${name}`, () => {
    assert.deepEqual(wrong(written, sources), expected)
  })
}
