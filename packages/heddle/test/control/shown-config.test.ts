/** What is hidden of a configuration that is shown. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { withoutSecrets } from '../../src/control/shown-config.ts'
import { exampleApplication, exampleConfig } from '../main/example-config.ts'

const environment = { PATH: '/bin', HOME: '/home' }
const config = exampleConfig({
  applications: [exampleApplication({ env: { PATH: '/bin', HOME: '/srv', SECRET: 'a word' } })],
  admin: { token: 'another word' }
})

test('withoutSecrets() hides values of the environment and the token', () => {
  const shown = withoutSecrets(config, environment, false)
  assert.deepEqual(shown.applications[0]?.env, { HOME: '(hidden)', SECRET: '(hidden)' })
  assert.equal(shown.admin.token, '(hidden)')
  assert.ok(!JSON.stringify(shown).includes(' word'))
  assert.equal(config.admin.token, 'another word')
})

test('withoutSecrets() shows them to whoever asks for it, and says when there is no token', () => {
  const shown = withoutSecrets(config, environment, true)
  assert.deepEqual(shown.applications[0]?.env, { HOME: '/srv', SECRET: 'a word' })
  assert.equal(shown.admin.token, 'another word')
  assert.equal(withoutSecrets(exampleConfig(), environment, false).admin.token, null)
})
