/** How many workers an application has, at least, at most and in reserve, whoever says so. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Sources } from '../../src/config/resolve.ts'
import { both, resolveWritten, wrong } from './paper-disk.ts'
import type { Case } from './paper-disk.ts'

/** The bounds of `a` and of `b`: `2-6`, with `+1` for a spare and `off` for a number that stays. */
function bounds(written: object, sources: Partial<Sources> = {}): string[] {
  const resolution = resolveWritten({ ...both, ...written }, sources)
  assert.ok(resolution.ok, JSON.stringify(resolution))
  return resolution.config.applications.map(({ workers, scaling: { min, max, spare, enabled } }) => {
    assert.equal(workers, min)
    return `${min}-${max}${spare > 0 ? `+${spare}` : ''}${enabled ? '' : ' off'}`
  })
}

function ofA(workers: unknown, more: object = {}): object {
  return { applications: { a: { path: 'a', workers, ...more }, b: { path: 'b' } } }
}

test('A number stays, bounds follow the load, and what is not written comes from the next place', () => {
  const cases: readonly (readonly [what: string, written: object, expected: readonly [string, string]])[] = [
    ['nothing', {}, ['3-3 off', '3-3 off']],
    ['a number for one', ofA(2), ['2-2 off', '3-3 off']],
    ['bounds for one', ofA({ min: 2, max: 6 }), ['2-6', '3-3 off']],
    ['at most', ofA({ max: 6 }), ['1-6', '3-3 off']],
    ['at least', ofA({ min: 2 }), ['2-4', '3-3 off']],
    ['at least more than there are CPUs', ofA({ min: 8 }), ['8-8 off', '3-3 off']],
    ['a spare alone', ofA({ spare: 1 }), ['3-3+1 off', '3-3 off']],
    ['an empty object', ofA({}), ['3-3 off', '3-3 off']],
    ['bounds for all', { workers: { min: 2, max: 5, spare: 1 } }, ['2-5+1', '2-5+1']],
    ['bounds that are one number', { workers: { min: 2, max: 2 } }, ['2-2 off', '2-2 off']],
    ['a total alone', { workers: { total: 9 } }, ['3-3 off', '3-3 off']],
    [
      'one more exact than all',
      { workers: { min: 2, max: 5, spare: 1 }, ...ofA({ max: 3 }) },
      ['2-3+1', '2-5+1']
    ],
    ['one below all', { workers: { min: 4, max: 5 }, ...ofA({ max: 3 }) }, ['3-3 off', '4-5']],
    ['one above all', { workers: { min: 1, max: 2 }, ...ofA({ min: 3 }) }, ['3-3 off', '1-2']],
    ['one beside a number for all', { workers: 2, ...ofA({ max: 4 }) }, ['2-4', '2-2 off']],
    ['no scaling', { scaling: 'off', workers: { min: 1, max: 4 } }, ['1-4 off', '1-4 off']],
    ['scaling of one', { scaling: 'off', ...ofA({ min: 1, max: 4 }, { scaling: 'on' }) }, ['1-4', '3-3 off']]
  ]
  for (const [what, written, expected] of cases) assert.deepEqual(bounds(written), expected, what)
})

test('Flags and variables say a number or bounds, of all or of single ones, and leave spares as they are', () => {
  const written = { workers: { min: 1, max: 9, spare: 1 } }
  assert.deepEqual(bounds(written, { flags: { workers: '4' } }), ['4-4+1 off', '4-4+1 off'])
  assert.deepEqual(bounds(written, { flags: { workers: '2-6' } }), ['2-6+1', '2-6+1'])
  assert.deepEqual(bounds(written, { flags: { workers: 'a=2-6, b=1' } }), ['2-6+1', '1-1+1 off'])
  assert.deepEqual(bounds(written, { env: { HEDDLE_WORKERS: 'b=3 - 3' } }), ['1-9+1', '3-3+1 off'])
})

test('The total is what is written, or is left to the machine', () => {
  const written = [{}, { workers: 2 }, { workers: { max: 3 } }, { workers: { max: 3, total: 4 } }]
  const resolutions = written.map(each => resolveWritten({ ...both, ...each }))
  assert.deepEqual(
    resolutions.map(resolution => resolution.ok && resolution.config.workersTotal),
    [null, null, null, 4]
  )
})

const mistakes: readonly Case[] = [
  [
    'bounds the wrong way round',
    { ...both, workers: { min: 3, max: 2 }, ...ofA({ min: 9, max: 8 }) },
    {},
    [
      'workers.min: has to be at most max, which is 2, got 3',
      'applications.a.workers.min: has to be at most max, which is 8, got 9'
    ]
  ],
  [
    'values that cannot be',
    { ...both, workers: { min: 0, spare: -1, totla: 3 } },
    {},
    [
      'workers.totla: unknown key (did you mean "total"?)',
      'workers.min: expected a whole number from 1 to 256, got 0',
      'workers.spare: expected a whole number from 0 to 16, got -1'
    ]
  ],
  [
    'a total in an application',
    { ...both, ...ofA({ total: 3 }) },
    {},
    ['applications.a.workers.total: unknown key']
  ],
  [
    'a word',
    { ...both, workers: 'many', scaling: 'yes' },
    {},
    [
      'workers: expected a whole number from 1 to 256 or an object, got "many"',
      'scaling: expected "on" or "off", got "yes"'
    ]
  ],
  [
    'a total that is too small',
    { ...both, workers: { min: 2, max: 4, total: 3 } },
    {},
    ['workers.total: the applications have at least 4 workers together (a 2, b 2), got 3']
  ],
  [
    'more ready than there ever are',
    { ...both, ...ofA({ min: 1, max: 2 }, { minReady: 3 }) },
    {},
    ['applications.a.minReady: the application has 2 workers at most, so no more can be ready, got 3']
  ],
  [
    'a spare that would answer',
    { ...both, server: { mode: 'direct' }, workers: { spare: 1 } },
    {},
    [
      'workers.spare: the entrypoint cannot have spare workers with server.mode "direct": each that has loaded would answer requests, got 1'
    ]
  ],
  [
    'a spare of the entrypoint that would answer',
    { ...both, server: { mode: 'direct' }, ...ofA({ spare: 2 }) },
    {},
    [
      'applications.a.workers.spare: the entrypoint cannot have spare workers with server.mode "direct": each that has loaded would answer requests, got 2'
    ]
  ],
  [
    'bounds on the command line the wrong way round',
    both,
    { flags: { workers: '4-2,a=x' } },
    [
      '--workers: the first number has to be at most the second, got "4-2"',
      '--workers: expected a whole number from 1 to 256, got "x"'
    ]
  ]
]

for (const [what, written, sources, expected] of mistakes) {
  test(`resolve() reports ${what}`, () => {
    assert.deepEqual(wrong(written, sources), expected)
  })
}
