/** Table tests of what is hidden in the fields of a line, and of what a path may look like. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { compileRedaction, pathPattern } from '../../src/shared/log-redact.ts'

const secret = '[redacted]'

const rows: readonly [paths: string[], fields: Record<string, unknown>, expected: Record<string, unknown>][] =
  [
    [['password'], { password: 'x', user: 1 }, { password: secret, user: 1 }],
    [['password'], { nested: { password: 'x' } }, { nested: { password: 'x' } }],
    [
      ['req.headers.authorization'],
      { req: { url: '/', headers: { authorization: 'Bearer x', host: 'h' } } },
      { req: { url: '/', headers: { authorization: secret, host: 'h' } } }
    ],
    [
      ['req.headers["x-api-key"]'],
      { req: { headers: { 'x-api-key': 1 } } },
      { req: { headers: { 'x-api-key': secret } } }
    ],
    [["['a.b'].c"], { 'a.b': { c: { d: 1 } } }, { 'a.b': { c: secret } }],
    [
      ['["a]b"]', 'a["c[0].d"]'],
      { 'a]b': 1, a: { 'c[0].d': 2 } },
      { 'a]b': secret, a: { 'c[0].d': secret } }
    ],
    [
      ['*.token'],
      { a: { token: 1 }, b: { token: 2, c: 3 }, token: 4 },
      { a: { token: secret }, b: { token: secret, c: 3 }, token: 4 }
    ],
    [
      ['users[*].email'],
      { users: [{ email: 'a' }, { name: 'b' }] },
      { users: [{ email: secret }, { name: 'b' }] }
    ],
    [['users[0]'], { users: ['a', 'b'] }, { users: [secret, 'b'] }],
    [['list.*'], { list: [1, 2] }, { list: [secret, secret] }],
    [['a.b', 'a'], { a: { b: 1 } }, { a: secret }],
    [['a', 'a.b'], { a: { b: 1 } }, { a: secret }],
    [['*.x', 'a.y'], { a: { x: 1, y: 2, z: 3 } }, { a: { x: secret, y: secret, z: 3 } }],
    [
      ['a.*.c', 'a.b.d'],
      { a: { b: { c: 1, d: 2, e: 3 }, x: { c: 4, d: 5 } } },
      { a: { b: { c: secret, d: secret, e: 3 }, x: { c: secret, d: 5 } } }
    ],
    [['a.b.c'], { a: 'text' }, { a: 'text' }],
    [['a.b'], { a: null }, { a: null }],
    [['missing'], { a: 1 }, { a: 1 }],
    [['a'], { a: undefined, b: 1 }, { a: undefined, b: 1 }]
  ]

test('compileRedaction() hides the values at the given places and nothing else', () => {
  for (const [paths, fields, expected] of rows) {
    const before = structuredClone(fields)
    assert.deepEqual(compileRedaction(paths)(fields), expected, paths.join(' '))
    assert.deepEqual(fields, before, 'what was given is not changed')
  }
})

test('compileRedaction() hides in what is written of an object, and shows no more of it than that', () => {
  const user = { name: 'a', password: 'b', hash: 'c', toJSON: () => ({ name: 'a', password: 'b' }) }
  assert.deepEqual(compileRedaction(['user.password'])({ user }), { user: { name: 'a', password: secret } })
  const document = new (class {
    readonly #fields = { token: 'x', n: 1 }
    toJSON(): object {
      return this.#fields
    }
  })()
  assert.deepEqual(compileRedaction(['*.token'])({ document }), { document: { token: secret, n: 1 } })
  assert.deepEqual(compileRedaction(['document.other'])({ document }), { document })
  const failure = Object.assign(new Error('refused'), { token: 'x', request: { headers: { token: 'x' } } })
  const { failure: shown } = compileRedaction(['failure.token'])({ failure })
  assert.partialDeepStrictEqual(shown, { message: 'refused', token: secret })
  assert.equal('request' in shown, false)
})

test('compileRedaction() gives the very record back when there is nothing to hide in it', () => {
  const fields = { a: { b: 1 } }
  assert.equal(compileRedaction([])(fields), fields)
  assert.equal(compileRedaction(['c', 'a.c', '*.d'])(fields), fields)
})

test('pathPattern tells paths from what cannot be one', () => {
  const pattern = new RegExp(`^(?:${pathPattern})$`)
  const right = ['a', 'a.b', '*', '*.a', 'a[*].b', 'a[0]', 'a["x y"]', "['a'].b", 'a-b.c_d', 'a.*.b']
  const wrong = ['', '.', 'a.', '.a', 'a..b', 'a[b]', 'a[', 'a b', 'a["]']
  assert.deepEqual(
    right.filter(path => !pattern.test(path)),
    []
  )
  assert.deepEqual(
    wrong.filter(path => pattern.test(path)),
    []
  )
})
