/** The door: what a configuration file imports, and that its types say what the schema says. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { defineConfig } from 'heddle'

test('defineConfig() returns the configuration, a promise of one, or the function as it is', async () => {
  const config = { applications: { web: { path: './web' } } }
  assert.equal(defineConfig(config), config)
  assert.equal(await defineConfig(Promise.resolve(config)), config)
  const byEnvironment = defineConfig(({ env }) => ({ ...config, server: { port: Number(env['PORT']) } }))
  assert.equal(byEnvironment({ env: { PORT: '81' } }).server.port, 81)
})

test('defineConfig() knows the keys and their kinds', () => {
  void defineConfig({ startTimeout: '30s', server: { maxBodySize: 1024 }, routes: [{ application: 'web' }] })
  void defineConfig({ server: { port: '{PORT}', mode: '{MODE}' }, admin: { enabled: '{ADMIN}' } })
  // @ts-expect-error A port is a number.
  void defineConfig({ server: { port: '80' } })
  // @ts-expect-error There are two modes.
  void defineConfig({ server: { mode: 'fast' } })
  // @ts-expect-error A route needs an application.
  void defineConfig({ routes: [{ path: '/' }] })
})
