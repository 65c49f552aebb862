/** Tests of the hashing of passwords. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { hashPassword, isPassword } from '../../accounts/passwords.ts'

test('isPassword() knows the password of a hash and no other', async () => {
  const stored = await hashPassword('correct horse')
  assert.equal(await isPassword('correct horse', stored), true)
  assert.equal(await isPassword('correct Horse', stored), false)
})

test('hashPassword() salts: the same password twice gives two hashes', async () => {
  assert.notEqual(await hashPassword('same'), await hashPassword('same'))
})

test('isPassword() is never right about somebody who does not exist', async () => {
  assert.equal(await isPassword('', null), false)
})
