/** Every mistake that comes from the environment, from options and from autoloading. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { a, paperDisk, wrong } from './paper-disk.ts'
import type { Case } from './paper-disk.ts'

const mistakes: readonly Case[] = [
  [
    'a missing variable, once',
    { ...a, server: { port: '{NO_PORT}' } },
    {},
    ['server.port: the environment variable NO_PORT is not set']
  ],
  [
    'a missing variable named as a key that every object has',
    { ...a, server: { hostname: '{constructor}' } },
    {},
    ['server.hostname: the environment variable constructor is not set']
  ],
  ['a missing env file', { ...a, envFile: '.env' }, {}, ['envFile: there is no file /app/.env, got ".env"']],
  [
    'a missing env file of an application',
    { applications: { a: { path: 'a', envFile: '.env' } } },
    {},
    ['applications.a.envFile: there is no file /app/a/.env, got ".env"']
  ],
  [
    'an option no worker takes',
    { applications: { a: { path: 'a', execArgv: ['--inport=x'] } } },
    {},
    [
      'applications.a.execArgv[0]: this option cannot be given to a worker (did you mean "--import"?), got "--inport=x"'
    ]
  ],
  [
    'a heap option for a worker',
    { applications: { a: { path: 'a', execArgv: ['--max-old-space-size=99'] } } },
    {},
    [
      'applications.a.execArgv[0]: this option cannot be given to a worker: use limits.oldGeneration, which is a limit for each worker, got "--max-old-space-size=99"'
    ]
  ],
  [
    'a missing preload',
    { applications: { a: { path: 'a', preload: ['./x.js', 'some-package'] } } },
    {},
    ['applications.a.preload[0]: there is no file /app/a/x.js, got "./x.js"']
  ],
  [
    'a limit that would be ignored',
    { applications: { a: { path: 'a', limits: { oldGeneration: '64MB' } } } },
    { env: { NODE_OPTIONS: '--max-old-space-size=512' } },
    [
      'applications.a.limits.oldGeneration: this limit would be ignored, because --max-old-space-size=512 in NODE_OPTIONS overrides that of every worker: remove one of them, got 64'
    ]
  ],
  ['a wrong flag', a, { flags: { port: 'x' } }, ['--port: expected a whole number from 0 to 65535, got "x"']],
  [
    'a wrong variable',
    a,
    { env: { PORT: '99999' } },
    ['PORT: expected a whole number from 0 to 65535, got "99999"']
  ],
  [
    'workers for nobody',
    a,
    { flags: { workers: 'x=2' } },
    ['--workers: there is no application "x"; there is "a", got "x"']
  ],
  [
    'autoload without a directory',
    { autoload: { path: 'none' } },
    {},
    ['autoload.path: there is no directory /app/none, got "none"']
  ],
  [
    'two directories that give one id',
    { autoload: { path: 'all' } },
    { disk: paperDisk({ '/app/all/My.Api/index.js': '1', '/app/all/my-api/index.js': '1' }) },
    [
      'autoload.path: two applications have the id "my-api": /app/all/My.Api and /app/all/my-api, got "my-api"'
    ]
  ],
  [
    'one id written and autoloaded',
    { applications: { b: { path: 'a' } }, autoload: { path: '.', exclude: ['a'] } },
    {},
    [
      'applications.b: two applications have the id "b": this one in /app/a and the autoloaded one in /app/b, got "a"'
    ]
  ],
  [
    "an application with the name of Heddle's own threads",
    { applications: { edge: { path: 'a' } }, autoload: { path: 'all' }, entrypoint: 'edge' },
    { disk: paperDisk({ '/app/a/index.js': '1', '/app/all/Handoff/index.js': '1' }) },
    [
      'autoload.path: no application can have the id "handoff": threads of Heddle are called so, got "Handoff"',
      'applications.edge: no application can have the id "edge": threads of Heddle are called so, got "edge"'
    ]
  ],
  [
    'an autoloaded directory without an entry',
    { autoload: { path: 'all' } },
    { disk: paperDisk({ '/app/all/x/README.md': '' }) },
    [
      'autoload.path: there is no entry in /app/all/x (no index, main, app, application, server, start with .ts, .mts, .cts, .js, .mjs, .cjs); leave the directory out with autoload.exclude if it is no application'
    ]
  ],
  [
    'an exclusion of nothing',
    { autoload: { path: '.', exclude: ['zz', 'b'] } },
    {},
    ['autoload.exclude[0]: there is no directory of this name in /app, got "zz"']
  ]
]

for (const [name, written, sources, expected] of mistakes) {
  test(`resolve() reports ${name}`, () => {
    assert.deepEqual(wrong(written, sources), expected)
  })
}
