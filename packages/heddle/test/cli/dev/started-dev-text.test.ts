/** What who develops sees when everything has started. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stripVTControlCharacters } from 'node:util'

import { startedDevText } from '../../../src/cli/dev/started-dev-text.ts'
import type { StartedDev } from '../../../src/cli/dev/started-dev-text.ts'
import { exampleApplication, exampleConfig } from '../../main/example-config.ts'

const route = { stripPrefix: false, requestTimeout: null }

function textOf(changes: Partial<StartedDev> = {}): string {
  const config: StartedDev['config'] = {
    ...exampleConfig({ applications: ['web', 'api', 'jobs'].map(id => exampleApplication({ id })) }),
    routes: [
      { ...route, host: null, prefix: '/api', application: 'api' },
      { ...route, host: 'api.localhost', prefix: '/', application: 'api' }
    ]
  }
  const facts: StartedDev = {
    config,
    url: 'http://127.0.0.1:3000',
    bootMs: 411.6,
    kinds: new Map([
      ['web', 'fastify'],
      ['api', 'listen']
    ]),
    broken: new Set(['jobs']),
    inspectorOf: () => null,
    takesLines: true
  }
  return stripVTControlCharacters(startedDevText({ ...facts, ...changes }))
}

test('startedDevText() names every address of every application, and those that do not start', () => {
  assert.deepEqual(
    textOf()
      .split('\n')
      .map(line => line.trimEnd()),
    [
      '',
      '  ● heddle dev started in 412 ms',
      '',
      '  web   http://127.0.0.1:3000/                  fastify',
      '  api   http://127.0.0.1:3000/api               listen',
      '        http://api.localhost:3000/',
      '  jobs  http://jobs.heddle.local (inside only)  does not start',
      '',
      '  rs and Enter start everything anew, Ctrl-C ends.',
      '',
      ''
    ]
  )
})

test('startedDevText() says where inspectors are, and of keys only where there are any', () => {
  const text = textOf({ inspectorOf: id => (id === 'api' ? 9230 : null), takesLines: false })
  assert.match(text, /listen {2}inspector 127\.0\.0\.1:9230\n/)
  assert.doesNotMatch(text, /Ctrl-C/)
})
