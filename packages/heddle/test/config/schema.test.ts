/** The checker and the JSON Schema say the same about the same configuration. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

import { Ajv } from 'ajv'

import { check } from '../../src/config/check.ts'
import { schema } from '../../src/config/schema.ts'
import type { Mistake } from '../../src/errors.ts'

const file: unknown = JSON.parse(readFileSync(new URL('../../schema.json', import.meta.url), 'utf8'))
assert.ok(typeof file === 'object' && file !== null)
const validate = new Ajv({ allErrors: true, strict: true, allowUnionTypes: true }).compile(file)

const configurations: readonly unknown[] = [
  {},
  { $schema: './schema.json', applications: { a: { path: 'a', env: { EMPTY: '' } } } },
  { server: { port: 80, headersTimeout: '10s', maxBodySize: '1.5MB', mode: 'direct', trustProxy: ['::1'] } },
  { startTimeout: 500, gracefulShutdown: { drainDelay: 0, timeout: '1 m' } },
  { applications: { a: { limits: { oldGeneration: '1GiB' }, restart: { backoffMin: 1 } } } },
  {
    routes: [{ host: '*.x.dev', path: '/a', application: 'a', stripPrefix: true }],
    mesh: { domain: 'x.local', deny: { a: ['b'] } }
  },
  [],
  { unknown: 1 },
  { server: { prot: 1 } },
  { server: { port: '80' } },
  { server: { port: 65_536 } },
  { server: { headersTimeout: 0 } },
  { server: { headersTimeout: '10 parsecs' } },
  { server: { hostname: '' } },
  { server: { mode: 'fast' } },
  { admin: { enabled: 'yes' } },
  { routes: {} },
  { routes: [{}] },
  { routes: [{ application: 'a', path: 'x' }] },
  { applications: { a: { env: { N: 1 } } } },
  { applications: { a: { execArgv: '--import=x' } } },
  { autoload: {} },
  { mesh: { deny: { a: 'b' } } },
  { mesh: { domain: '..' } },
  { workers: 1.5 },
  { workers: null }
]

for (const configuration of configurations) {
  test(`schema.json and check() agree about ${JSON.stringify(configuration)}`, () => {
    const mistakes: Mistake[] = []
    check(schema, configuration, '', { asText: new Set(), mistakes })
    assert.equal(validate(configuration), mistakes.length === 0, JSON.stringify(validate.errors ?? mistakes))
  })
}

test('schema.json lets a variable stand for every value', () => {
  const variables = {
    server: { port: '{PORT}', mode: '{MODE}', headersTimeout: '{T}' },
    admin: { enabled: '{ADMIN}' }
  }
  assert.ok(validate(variables), JSON.stringify(validate.errors))
})
