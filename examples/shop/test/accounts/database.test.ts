/** Tests of users, sessions and orders. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'

import { openAccounts } from '../../accounts/database.ts'
import type { Accounts } from '../../accounts/database.ts'
import { readSessionKey } from '../../accounts/session-key.ts'
import type { NewOrder } from '../../shared/contract.ts'

const order: NewOrder = {
  key: 'a',
  lines: [{ id: 1, quantity: 2, name: 'Plum merino yarn', priceCents: 2650 }],
  totals: { subtotalCents: 5300, shippingCents: 490, taxCents: 965, totalCents: 5790 },
  address: { name: 'Ada', street: '1 Way', postcode: '10115', city: 'Berlin', country: 'Germany' }
}

function temporaryDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'shop-accounts-'))
  t.after(() => rmSync(directory, { recursive: true }))
  return directory
}

function open(t: TestContext): { accounts: Accounts; addUser: (email: string) => number } {
  const accounts = openAccounts(join(temporaryDirectory(t), 'accounts.sqlite'))
  t.after(() => accounts.close())
  const addUser = (email: string): number => {
    const user = accounts.addUser({ email, name: 'Somebody', password: 'hash' })
    assert.ok(user !== null)
    return user.id
  }
  return { accounts, addUser }
}

test('addUser() refuses an address that is taken', t => {
  const { accounts, addUser } = open(t)
  addUser('ada@example.org')
  assert.equal(accounts.addUser({ email: 'ada@example.org', name: 'Eve', password: 'hash' }), null)
})

test('findSession() knows a session that is open, and no longer once it is closed', t => {
  const { accounts, addUser } = open(t)
  const id = accounts.openSession(addUser('ada@example.org'))
  assert.equal(accounts.findSession(id)?.email, 'ada@example.org')
  accounts.closeSession(id)
  assert.equal(accounts.findSession(id), null)
})

test('findSession() forgets a session after two weeks', t => {
  const { accounts, addUser } = open(t)
  const id = accounts.openSession(addUser('ada@example.org'))
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 15 * 24 * 3600 * 1000 })
  assert.equal(accounts.findSession(id), null)
})

test('addOrder() stores an order once for each key', t => {
  const { accounts, addUser } = open(t)
  const user = addUser('ada@example.org')
  const first = accounts.addOrder(user, order)
  const second = accounts.addOrder(user, order)
  assert.deepEqual([first.isNew, second.isNew], [true, false])
  assert.equal(second.order.number, first.order.number)
  assert.equal(accounts.listOrders(user).length, 1)
})

test('findOrder() gives back what was stored, to its owner alone', t => {
  const { accounts, addUser } = open(t)
  const [ada, eve] = [addUser('ada@example.org'), addUser('eve@example.org')]
  const { number } = accounts.addOrder(ada, order).order
  assert.deepEqual(accounts.findOrder(ada, number)?.totals, order.totals)
  assert.equal(accounts.findOrder(ada, number)?.email, 'ada@example.org')
  assert.equal(accounts.findOrder(eve, number), null)
  assert.equal(accounts.findOrder(ada, 'HW-1 OR 1=1'), null)
})

test('readSessionKey() makes a key once and finds it again', t => {
  const directory = temporaryDirectory(t)
  const key = readSessionKey(directory)
  assert.ok(key.length >= 32)
  assert.equal(readSessionKey(directory), key)
})

test('readSessionKey() refuses a key that is too short, saying so', t => {
  process.env['SHOP_SESSION_KEY'] = 'short'
  t.after(() => delete process.env['SHOP_SESSION_KEY'])
  assert.throws(() => readSessionKey('/nowhere'), /SHOP_SESSION_KEY: expected at least 32 characters, got 5/)
})
