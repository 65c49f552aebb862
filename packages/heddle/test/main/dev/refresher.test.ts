/** What becomes of applications that have changed: one attempt at a time, and the last state of the files wins. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { HeddleEvents } from '../../../src/events.ts'
import { Refresher } from '../../../src/main/dev/refresher.ts'
import { HeldClock, settle } from '../../shared/held-clock.ts'

/** An event in words: its name, and what of its facts matters here. */
function wordsOf<Name extends keyof HeddleEvents>(name: Name, fact: HeddleEvents[Name]): string {
  const words = [
    name,
    'files' in fact ? fact.files.join(' ') : '',
    'error' in fact ? `${fact.error?.message}` : '',
    'isAnswering' in fact ? String(fact.isAnswering) : ''
  ]
  return words.filter(word => word !== '').join(' ')
}

/** Applications whose starts end when a test says so. */
function stage() {
  const clock = new HeldClock()
  const told: string[] = []
  const acts: string[] = []
  const outcomes: string[] = []
  let running: boolean | null = false
  let pending: { resolve: () => void; reject: (error: Error) => void } | null = null
  const act =
    (name: string) =>
    async (id: string): Promise<void> => {
      acts.push(`${name} ${id}`)
      await new Promise<void>((resolve, reject) => (pending = { resolve, reject }))
      running = true
    }
  const refresher = new Refresher({
    clock,
    announce: (name, fact) => told.push(wordsOf(name, fact)),
    applications: {
      isRunning: () => running,
      ready: () => (running === true ? 1 : 0),
      start: act('start'),
      replace: act('replace'),
      hurry: id => {
        acts.push(`hurry ${id}`)
      }
    },
    onAttempt: id => outcomes.push(`attempt ${id}`),
    onOutcome: (id, isWell) => outcomes.push(`${isWell ? 'well' : 'not well'} ${id}`)
  })
  return {
    refresher,
    told,
    acts,
    outcomes,
    set running(value: boolean | null) {
      running = value
    },
    async end(failure?: string) {
      await settle()
      if (failure === undefined) pending?.resolve()
      else pending?.reject(new Error(failure))
      await settle()
    }
  }
}

/** The same after a good start. */
async function started() {
  const on = stage()
  const booted = on.refresher.boot('api')
  await on.end()
  await booted
  on.acts.length = 0
  on.outcomes.length = 0
  return on
}

test('Refresher replaces what runs and tells when the change is in force', async () => {
  const on = await started()
  on.refresher.request('api', ['a.js', 'b.js'])
  await settle()
  assert.deepEqual(on.told, ['application:changed a.js b.js'])
  await on.end()
  assert.deepEqual(on.told, ['application:changed a.js b.js', 'application:updated'])
  assert.deepEqual(on.acts, ['hurry api', 'replace api'])
  assert.deepEqual(on.outcomes, ['attempt api', 'well api'])
})

test('Refresher gives up an attempt for a later change, and tells nothing of what came of it', async () => {
  const on = await started()
  on.refresher.request('api', ['a.js'])
  await settle()
  on.refresher.request('api', ['b.js'])
  on.refresher.request('api', ['c.js'])
  await on.end('was stopped')
  assert.deepEqual(on.told, ['application:changed a.js', 'application:changed b.js c.js'])
  await on.end()
  assert.deepEqual(on.told.slice(2), ['application:updated'])
  assert.deepEqual(on.acts, ['hurry api', 'replace api', 'hurry api', 'hurry api', 'replace api'])
  assert.deepEqual(on.outcomes, ['attempt api', 'attempt api', 'well api'])
})

test('Refresher tells why an application does not start, tries again at its next change, and tells that it works', async () => {
  const on = await started()
  on.refresher.request('api', ['a.js'])
  await on.end('no')
  assert.ok(on.refresher.isBroken('api'))
  on.refresher.request('api', ['a.js'])
  await on.end('still no')
  on.refresher.request('api', ['a.js'])
  await on.end()
  assert.ok(!on.refresher.isBroken('api'))
  assert.deepEqual(on.told, [
    'application:changed a.js',
    'application:broken no true',
    'application:changed a.js',
    'application:broken still no true',
    'application:changed a.js',
    'application:updated',
    'application:mended'
  ])
})

test('Refresher starts what did not start at the boot, which nobody has to wait for', async () => {
  const on = stage()
  const booted = on.refresher.boot('api')
  await on.end('no')
  await booted
  on.refresher.request('api', [])
  await on.end()
  assert.deepEqual(on.acts, ['start api', 'hurry api', 'start api'])
  assert.deepEqual(on.told, [
    'application:broken no false',
    'application:changed',
    'application:updated',
    'application:mended'
  ])
})

test('Refresher begins the boot of an application anew when it changes meanwhile', async () => {
  const on = stage()
  const booted = on.refresher.boot('api')
  await settle()
  on.refresher.request('api', ['a.js'])
  await on.end('was stopped')
  await on.end()
  await booted
  assert.deepEqual(on.acts, ['start api', 'hurry api', 'start api'])
  assert.deepEqual(on.told, ['application:changed a.js', 'application:updated'])
})

test('Refresher leaves alone what an operator has stopped, and what nobody knows any more', async () => {
  const on = await started()
  on.running = false
  on.refresher.request('api', ['a.js'])
  on.running = null
  on.refresher.request('api', ['a.js'])
  await settle()
  assert.deepEqual([on.acts, on.told], [[], []])
})

test('Refresher tells what became of workers nobody has asked for', async () => {
  const on = await started()
  on.refresher.note('api', null)
  on.refresher.note('api', new Error('lost'))
  on.refresher.note('api', null)
  assert.deepEqual(on.told, ['application:broken lost true', 'application:mended'])
})

test('Refresher says nothing any more once it is closed', async () => {
  const on = await started()
  on.refresher.request('api', ['a.js'])
  await settle()
  on.refresher.close()
  on.refresher.request('api', ['b.js'])
  await on.end('the server stops')
  assert.deepEqual(on.told, ['application:changed a.js'])
})
