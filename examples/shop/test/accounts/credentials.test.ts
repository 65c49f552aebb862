/** Tests of the forms for registering and logging in. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { checkLogin, checkRegistration } from '../../accounts/credentials.ts'

test('checkRegistration() cleans what is right', () => {
  const checked = checkRegistration({ name: ' Ada ', email: ' Ada@Example.ORG ', password: ' spaces stay ' })
  assert.deepEqual(checked, {
    ok: true,
    value: { name: 'Ada', email: 'ada@example.org', password: ' spaces stay ' }
  })
})

const wrong: readonly [form: unknown, fields: readonly string[]][] = [
  [null, ['name', 'email', 'password']],
  [{ name: 1, email: [], password: {} }, ['name', 'email', 'password']],
  [{ name: 'Ada', email: 'ada@example', password: 'long enough' }, ['email']],
  [{ name: 'Ada', email: 'ada @example.org', password: 'long enough' }, ['email']],
  [{ name: 'Ada', email: 'ada@example.org', password: 'short' }, ['password']]
]
for (const [form, fields] of wrong) {
  test(`checkRegistration() has messages for ${fields.join(', ')} in ${JSON.stringify(form)}`, () => {
    const checked = checkRegistration(form)
    assert.deepEqual(checked.ok ? [] : Object.keys(checked.errors), fields)
  })
}

test('checkLogin() asks for both fields', () => {
  const checked = checkLogin({})
  assert.deepEqual(checked.ok ? [] : Object.keys(checked.errors), ['email', 'password'])
})
